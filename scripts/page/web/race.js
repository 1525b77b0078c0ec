// SPDX-License-Identifier: BSD-2-Clause
/** The picture of the race: who spikes when, and the membranes of the outputs below. */
import { canvas, cleared, colour } from "./element.js";
import { membrane, potentialAt } from "./model.js";

const LEFT = 76; // for the names of the bands
const RIGHT = 18; // half of the last time, which is written there
const RUNNERS = 2; // outputs that are named beside the one that decides
const MANY = 1000; // neurons of a layer whose dots are small
const BEFORE = 3; // ticks that are shown before the first spike
const SHARES = { inputs: 0.16, hidden: 0.34, outputs: 0.2, membranes: 0.3 };

/**
 * @typedef {import("./model.js").Network} Network
 * @typedef {import("./model.js").Trace} Trace
 * @typedef {{top: number, height: number}} Band
 */

export class Race {
  #shown = canvas("race");
  #network;
  #names;
  /** @type {Trace | null} */
  #trace = null;
  /**
   * The corners of each output's membrane.
   *
   * @type {[number, number][][]}
   */
  membranes = [];
  /** The lowest M up to the end of what is shown. */
  #lowest = -1;
  /** The ticks that are shown. */
  begin = 0;
  end = 0;

  /**
   * @param {Network} network
   * @param {string[]} names of the classes
   * @param {number} usual tick up to which nearly all decisions fall
   * @param {(layer: number, neuron: number) => void} choose is told of a spike that is clicked
   */
  constructor(network, names, usual, choose) {
    this.#network = network;
    this.#names = names;
    this.usual = usual;
    this.#shown.addEventListener("click", (event) => {
      const near = this.#nearest(event.offsetX, event.offsetY);
      if (near) choose(...near);
    });
  }

  /** @param {Trace} trace */
  show(trace) {
    const { deadline, sizes } = this.#network;
    const last = sizes.length - 1;
    this.#trace = trace;
    this.end = Math.min(deadline, Math.max(this.usual, Math.ceil(trace.tick * 1.06)));
    const first = Array.from(trace.spikes[0]).reduce((a, b) => (b ? Math.min(a, b) : a), Infinity);
    this.begin = first < Infinity ? Math.max(0, first - BEFORE) : 0;
    this.membranes = Array.from({ length: sizes[last] }, (_, output) =>
      membrane(this.#network, output, trace.spikes[last]),
    );
    const shown = this.membranes.flat().filter(([tick]) => tick <= this.end);
    this.#lowest = shown.reduce((lowest, [, M]) => Math.min(lowest, M), -1);
  }

  /**
   * @param {number} z the tick up to which time has run
   * @param {[number, number]} chosen layer and neuron that are marked
   */
  paint(z, [layer, neuron]) {
    const trace = this.#trace;
    if (!trace) return;
    const { pen, width, height } = cleared(this.#shown);
    pen.font = "12px system-ui, sans-serif";
    const bands = this.#bands(height);
    const count = trace.spikes.length;
    trace.spikes.forEach((spikes, row) => {
      const band = bands[row];
      const hue = colour(row === 0 ? "input" : row === count - 1 ? "accent" : "hidden");
      const size = row === count - 1 ? 6 : row === 0 || spikes.length > MANY ? 2 : 3.5;
      const [past, later] = [hue, colour("faint")];
      Array.from(spikes).forEach((tick, at) => {
        if (!tick || tick > this.end) return;
        const counts = tick <= z && (tick < trace.tick || (row === count - 1 && tick === trace.tick));
        pen.fillStyle = counts ? past : later;
        pen.beginPath();
        pen.arc(this.#x(tick, width), yOf(band, at, spikes.length), size, 0, 2 * Math.PI);
        pen.fill();
        if (row === layer + 1 && at === neuron) {
          pen.strokeStyle = colour("text");
          pen.lineWidth = 2;
          pen.beginPath();
          pen.arc(this.#x(tick, width), yOf(band, at, spikes.length), size + 4, 0, 2 * Math.PI);
          pen.stroke();
        }
      });
      this.#name(pen, band, `${spikes.length}`, row ? (row < count - 1 ? "hidden" : "outputs") : "inputs");
    });
    this.#paintMembranes(pen, bands[count], width, z, trace);
    this.#paintTime(pen, width, height, z, trace);
  }

  /**
   * How much of what an output needs to fire has come to it: M(z) without any spike is -threshold z.
   *
   * @param {number} z
   */
  progress(z) {
    const need = this.#network.thresholds[this.#network.sizes.length - 1] * z;
    const share = (/** @type {number} */ M) => Math.min(Math.max(1 + M / need, 0), 1);
    return this.membranes.map((corners) => (need ? share(potentialAt(corners, z)) : 0));
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Band} band
   * @param {number} width
   * @param {number} z
   * @param {Trace} trace
   */
  #paintMembranes(pen, band, width, z, trace) {
    const threshold = band.top + 10;
    const scale = (band.height - 14) / this.#lowest;
    const y = (/** @type {number} */ M) => threshold + Math.max(-8, M * scale);
    pen.setLineDash([4, 4]);
    pen.strokeStyle = colour("soft");
    pen.lineWidth = 1;
    line(pen, [[LEFT, threshold], [width - RIGHT, threshold]]);
    pen.setLineDash([]);
    const until = Math.min(Math.max(z, this.begin), this.end);
    this.membranes.forEach((corners, output) => {
      const wins = output === trace.decision;
      pen.strokeStyle = colour(wins ? "accent" : "soft");
      pen.lineWidth = wins ? 2.5 : 1;
      pen.globalAlpha = wins ? 1 : 0.55;
      const points = corners.filter(([tick]) => this.begin < tick && tick < until);
      points.unshift([this.begin, potentialAt(corners, this.begin)]);
      points.push([until, potentialAt(corners, until)]);
      line(pen, points.map(([tick, M]) => [this.#x(tick, width), y(M)]));
    });
    pen.globalAlpha = 1;
    if (z >= trace.tick) this.#nameRunners(pen, this.#x(until, width), y, until, trace);
    this.#name(pen, band, "membranes", "of outputs");
    pen.fillStyle = colour("soft");
    pen.textAlign = "right";
    pen.fillText("threshold", width - RIGHT, threshold + 14);
  }

  /**
   * Write the names of those who came next beside the ends of their membranes.
   *
   * @param {CanvasRenderingContext2D} pen
   * @param {number} x
   * @param {(M: number) => number} y
   * @param {number} z
   * @param {Trace} trace
   */
  #nameRunners(pen, x, y, z, trace) {
    const reached = this.membranes.map((corners) => potentialAt(corners, z));
    const others = [...reached.keys()].filter((output) => output !== trace.decision);
    others.sort((a, b) => reached[b] - reached[a]);
    pen.fillStyle = colour("soft");
    pen.textAlign = "left";
    let lowest = -Infinity;
    for (const output of others.slice(0, RUNNERS)) {
      const line = Math.max(y(reached[output]) + 4, lowest + 12);
      pen.fillText(this.#names[output], x + 4, line);
      lowest = line;
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} width
   * @param {number} height
   * @param {number} z
   * @param {Trace} trace
   */
  #paintTime(pen, width, height, z, trace) {
    const { unit } = this.#network;
    pen.fillStyle = colour("soft");
    pen.textAlign = "center";
    const step = Math.max(1, Math.ceil(this.end / unit / 8));
    for (let whole = 0; whole * unit <= this.end; whole += step) {
      if (whole * unit < this.begin) continue;
      pen.fillText(`z = ${whole}`, this.#x(whole * unit, width), height - 4);
    }
    const x = this.#x(Math.min(Math.max(z, this.begin), this.end), width);
    pen.strokeStyle = colour("text");
    pen.lineWidth = 1.5;
    line(pen, [[x, 4], [x, height - 18]]);
    if (z < trace.tick) return;
    const spikes = trace.spikes.length - 1;
    const band = this.#bands(height)[spikes];
    const at = this.#x(trace.tick, width);
    pen.fillStyle = colour("accent");
    pen.font = "bold 14px system-ui, sans-serif";
    pen.textAlign = at > width - 120 ? "right" : "left";
    const said = `${this.#names[trace.decision]} ${trace.forced ? "is highest" : "spikes first"}`;
    const y = yOf(band, trace.decision, this.#names.length);
    pen.fillText(said, at + (pen.textAlign === "left" ? 10 : -10), Math.max(y + 5, 14));
  }

  /** @param {number} height */
  #bands(height) {
    const hidden = this.#network.sizes.length - 1;
    const room = height - 22;
    const middle = hidden ? SHARES.hidden / hidden : 0;
    const shares = [SHARES.inputs, ...new Array(hidden).fill(middle), SHARES.outputs, SHARES.membranes];
    let top = 4;
    return shares.map((share) => {
      const band = { top, height: share * room - 8 };
      top += share * room;
      return band;
    });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Band} band
   * @param {string} first
   * @param {string} second
   */
  #name(pen, band, first, second) {
    pen.fillStyle = colour("soft");
    pen.textAlign = "left";
    const middle = band.top + band.height / 2;
    pen.fillText(first, 2, middle - 2);
    pen.fillText(second, 2, middle + 12);
  }

  /**
   * @param {number} tick
   * @param {number} width
   */
  #x(tick, width) {
    return LEFT + ((tick - this.begin) / (this.end - this.begin)) * (width - LEFT - RIGHT);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number] | null} layer and neuron of the spike nearest by
   */
  #nearest(x, y) {
    const { clientWidth: width, clientHeight: height } = this.#shown;
    const bands = this.#bands(height);
    let best = 20 ** 2;
    /** @type {[number, number] | null} */
    let found = null;
    (this.#trace?.spikes ?? []).slice(1).forEach((spikes, layer) => {
      Array.from(spikes).forEach((tick, neuron) => {
        if (!tick || tick > this.end) return;
        const dx = this.#x(tick, width) - x;
        const dy = yOf(bands[layer + 1], neuron, spikes.length) - y;
        if (dx * dx + dy * dy >= best) return;
        best = dx * dx + dy * dy;
        found = [layer, neuron];
      });
    });
    return found;
  }
}

/**
 * @param {Band} band
 * @param {number} at
 * @param {number} count
 */
function yOf(band, at, count) {
  return band.top + (band.height * (at + 0.5)) / count;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number[][]} points
 */
function line(pen, points) {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}
