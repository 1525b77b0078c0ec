// SPDX-License-Identifier: BSD-2-Clause
/** Small pictures with a pixel a number: the input, which can be edited, and weights. */
import { canvas, colour, element } from "./element.js";

/**
 * @param {HTMLCanvasElement} shown
 * @param {number} height
 * @param {number} width
 * @param {(at: number) => string} colourOf
 */
export function paintPixels(shown, height, width, colourOf) {
  const size = Math.max(1, Math.floor(480 / Math.max(width, height)));
  Object.assign(shown, { width: width * size, height: height * size });
  const pen = /** @type {CanvasRenderingContext2D} */ (shown.getContext("2d"));
  for (let at = 0; at < width * height; at++) {
    pen.fillStyle = colourOf(at);
    pen.fillRect((at % width) * size, Math.floor(at / width) * size, size, size);
  }
}

/** What the network sees, a pixel of which is flipped by a click, or by the space bar. */
export class Grid {
  #shown = canvas("grid");
  #cursor = 0;
  /** @type {ArrayLike<number>} */
  #pixels = [];

  /**
   * @param {number} height
   * @param {number} width
   * @param {(at: number) => void} flip
   */
  constructor(height, width, flip) {
    this.height = height;
    this.width = width;
    this.#shown.addEventListener("click", (event) => {
      const box = this.#shown.getBoundingClientRect();
      const x = Math.floor(((event.clientX - box.left) / box.width) * width);
      const y = Math.floor(((event.clientY - box.top) / box.height) * height);
      this.#cursor = Math.max(0, Math.min(y, height - 1) * width + Math.min(x, width - 1));
      flip(this.#cursor);
    });
    this.#shown.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
      if (step) this.#cursor = (this.#cursor + step + height * width) % (height * width);
      else if (event.key === " ") flip(this.#cursor);
      else return;
      event.preventDefault();
      this.paint(this.#pixels);
      const place = `row ${Math.floor(this.#cursor / width) + 1}, column ${(this.#cursor % width) + 1}`;
      const look = this.#pixels[this.#cursor] > 127 ? "bright" : "dark";
      element("cursor").textContent = `${place}: ${look}`;
    });
    for (const kind of ["focus", "blur"]) {
      this.#shown.addEventListener(kind, () => this.paint(this.#pixels));
    }
  }

  /** @param {ArrayLike<number>} pixels 0..255 */
  paint(pixels) {
    this.#pixels = pixels;
    const focus = document.activeElement === this.#shown;
    const accent = colour("accent");
    paintPixels(this.#shown, this.height, this.width, (at) =>
      focus && at === this.#cursor ? accent : `rgb(${pixels[at]} ${pixels[at]} ${pixels[at]})`,
    );
  }
}
