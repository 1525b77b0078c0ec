// SPDX-License-Identifier: BSD-2-Clause
/** Small pictures with a pixel a number: the input, which can be edited, and weights. */
import { canvas, colour, element } from "./element.js";

/**
 * @typedef {object} View how an input is shown; its numbers are row by row
 * @property {number} height in pixels
 * @property {number} width
 * @property {(x: number, y: number) => number} indexAt the number whose pixel is there
 * @property {(x: number, y: number) => string} placeOf what the place is called
 */

/**
 * @param {number} height rows of the input
 * @param {number} width
 * @param {import("./sound.js").Sound | null} sound whose word has time to the right and low sound below
 * @returns {View}
 */
export function viewOf(height, width, sound) {
  if (!sound) {
    return {
      height,
      width,
      indexAt: (x, y) => y * width + x,
      placeOf: (x, y) => `row ${y + 1}, column ${x + 1}`,
    };
  }
  return {
    height: width,
    width: height,
    indexAt: (x, y) => x * width + width - 1 - y,
    placeOf: (x, y) => `frame ${x + 1}, filter ${width - y} from the lowest`,
  };
}

/**
 * Put axes beside the picture of a word: pitch, and below it time.
 *
 * @param {HTMLCanvasElement} shown
 * @param {import("./sound.js").Sound} sound
 */
export function addAxes(shown, { hertz, seconds }) {
  const plot = Object.assign(document.createElement("div"), { className: "plot" });
  const [low, high] = hertz.map((pitch) => `${Math.round(pitch)} Hz`);
  shown.replaceWith(plot);
  plot.append(shown);
  for (const [name, text] of Object.entries({ high, low, begin: "0 s", end: `${seconds.toFixed(2)} s` })) {
    plot.append(Object.assign(document.createElement("span"), { className: name, textContent: text }));
  }
}

/**
 * @param {HTMLCanvasElement} shown
 * @param {number} height
 * @param {number} width
 * @param {(x: number, y: number) => string} colourOf
 */
export function paintPixels(shown, height, width, colourOf) {
  const size = Math.max(1, Math.floor(480 / Math.max(width, height)));
  Object.assign(shown, { width: width * size, height: height * size });
  const pen = /** @type {CanvasRenderingContext2D} */ (shown.getContext("2d"));
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    pen.fillStyle = colourOf(x, y);
    pen.fillRect(x * size, y * size, size, size);
  }
}

/** What the network sees, a pixel of which is flipped by a click, or by the space bar. */
export class Grid {
  #shown = canvas("grid");
  /** @type {ArrayLike<number>} */
  #pixels = [];
  /** The pixel that the keyboard is at, counted row by row as it is shown. */
  #cursor = 0;
  #view;

  /**
   * @param {View} view
   * @param {(at: number) => void} flip
   */
  constructor(view, flip) {
    const { height, width } = view;
    this.#view = view;
    this.#shown.addEventListener("click", (event) => {
      const box = this.#shown.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * width);
      const y = Math.floor(((event.clientY - box.top) / box.height) * height);
      this.#cursor = Math.max(0, Math.min(y, height - 1) * width + Math.min(x, width - 1));
      flip(this.#at);
    });
    this.#shown.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
      if (step) this.#cursor = (this.#cursor + step + height * width) % (height * width);
      else if (event.key === " ") flip(this.#at);
      else return;
      event.preventDefault();
      this.paint(this.#pixels);
      const place = view.placeOf(this.#cursor % width, Math.floor(this.#cursor / width));
      const look = this.#pixels[this.#at] > 127 ? "bright" : "dark";
      element("cursor").textContent = `${place}: ${look}`;
    });
    for (const kind of ["focus", "blur"]) {
      this.#shown.addEventListener(kind, () => this.paint(this.#pixels));
    }
  }

  /** The number at the cursor. */
  get #at() {
    const { width, indexAt } = this.#view;
    return indexAt(this.#cursor % width, Math.floor(this.#cursor / width));
  }

  /** @param {ArrayLike<number>} pixels 0..255 */
  paint(pixels) {
    this.#pixels = pixels;
    const focus = document.activeElement === this.#shown;
    const accent = colour("accent");
    const { height, width, indexAt } = this.#view;
    paintPixels(this.#shown, height, width, (x, y) => {
      const at = indexAt(x, y);
      return focus && at === this.#at ? accent : `rgb(${pixels[at]} ${pixels[at]} ${pixels[at]})`;
    });
  }
}
