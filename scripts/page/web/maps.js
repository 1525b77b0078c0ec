// SPDX-License-Identifier: BSD-2-Clause
/** The maps of a first layer that convolves: when each of its neurons spiked, as a pixel. */
import { canvas, cleared, colour, element } from "./element.js";
import { Mosaic } from "./mosaic.js";

const WIDE = 4; // how often the maps together are as wide as they are high
const WIDE_ON_PHONE = 1.5;
const LARGEST = 14; // CSS pixels of a neuron
const RAMP = ["early", "midway", "late"];
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Maps {
  #shown = canvas("maps");
  /** A pixel per neuron. */
  #small = document.createElement("canvas");
  #mosaic;
  /** @type {import("./ticks.js").Ticks} */
  #ticks = [];
  /** The tick of the decision: what spikes then or later does not count. */
  #end = 0;
  #first = 0;
  #last = 0;
  /** The neuron that is marked. */
  #chosen = 0;

  /**
   * @param {import("./layer.js").Convolution} kind
   * @param {(neuron: number) => void} choose is told of a neuron that is clicked, or gone to
   */
  constructor(kind, choose) {
    const phone = matchMedia("(max-width: 56rem)").matches;
    const mosaic = new Mosaic(kind.columns, kind.out, phone ? WIDE_ON_PHONE : WIDE);
    const { width, height } = mosaic;
    this.#mosaic = mosaic;
    Object.assign(this.#small, { width, height });
    Object.assign(this.#shown.style, { aspectRatio: `${width} / ${height}`, maxWidth: `${LARGEST * width}px` });
    element("maps-count").textContent = String(kind.columns);
    element("maps-box").hidden = false;
    this.#shown.addEventListener("click", ({ offsetX, offsetY }) => {
      const { clientWidth, clientHeight } = this.#shown;
      const [x, y] = [(offsetX / clientWidth) * width, (offsetY / clientHeight) * height];
      const neuron = mosaic.indexAt(Math.floor(x), Math.floor(y));
      if (neuron >= 0) choose(neuron);
    });
    this.#shown.addEventListener("keydown", (event) => {
      const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
      if (!step) return;
      event.preventDefault();
      const [x, y] = mosaic.pixelOf(this.#chosen);
      const [dx, dy] = step;
      const next = [1, 2].map((far) => mosaic.indexAt(x + far * dx, y + far * dy)); // maps are a pixel apart
      const neuron = next.find((index) => index >= 0) ?? this.#chosen;
      choose(neuron);
      element("maps-at").textContent = `${kind.placeOf(neuron)}: ${this.#said(neuron)}`;
    });
  }

  /** @param {import("./model.js").Trace} trace */
  show(trace) {
    [this.#ticks, this.#end] = [trace.spikes[1], trace.tick];
    const counted = Array.from(this.#ticks).filter((tick) => this.#counts(tick));
    this.#first = counted.reduce((a, b) => Math.min(a, b), trace.tick);
    this.#last = counted.reduce((a, b) => Math.max(a, b), this.#first);
    element("maps-first").textContent = counted.length ? `tick ${this.#first}` : "";
    element("maps-last").textContent = counted.length ? `tick ${this.#last}` : "";
  }

  /**
   * @param {number} z the tick up to which time has run
   * @param {[number, number]} chosen layer and neuron that are marked
   */
  paint(z, [layer, neuron]) {
    const { width, height } = this.#mosaic;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#small.getContext("2d"));
    const picture = pen.createImageData(width, height);
    const silent = rgb(colour("faint"));
    const ramp = RAMP.map((name) => rgb(colour(name)));
    const room = Math.max(1, this.#last - this.#first);
    Array.from(this.#ticks).forEach((tick, index) => {
      const [x, y] = this.#mosaic.pixelOf(index);
      const past = tick <= z && this.#counts(tick);
      const painted = past ? between(ramp, (tick - this.#first) / room) : silent;
      picture.data.set([...painted, 255], 4 * (y * width + x));
    });
    pen.putImageData(picture, 0, 0);
    const shown = cleared(this.#shown);
    shown.pen.imageSmoothingEnabled = false;
    shown.pen.drawImage(this.#small, 0, 0, shown.width, shown.height);
    this.#chosen = layer === 0 ? neuron : 0;
    if (layer) return;
    const [x, y] = this.#mosaic.pixelOf(neuron);
    const [across, down] = [shown.width / width, shown.height / height];
    shown.pen.lineWidth = 2;
    shown.pen.strokeStyle = colour("accent");
    shown.pen.strokeRect(x * across, y * down, across, down);
  }

  /** @param {number} tick */
  #counts(tick) {
    return tick > 0 && tick < this.#end;
  }

  /** @param {number} neuron */
  #said(neuron) {
    const tick = this.#ticks[neuron];
    return this.#counts(tick) ? `tick ${tick}` : "no spike before the decision";
  }
}

/**
 * @param {string} hex as style.css writes it
 * @returns {number[]}
 */
function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/**
 * @param {number[][]} ramp colours
 * @param {number} share 0 for the first, 1 for the last
 * @returns {number[]}
 */
function between(ramp, share) {
  const at = Math.min(Math.floor(share * (ramp.length - 1)), ramp.length - 2);
  const rest = share * (ramp.length - 1) - at;
  return ramp[at].map((part, band) => part + (ramp[at + 1][band] - part) * rest);
}
