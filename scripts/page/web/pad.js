// SPDX-License-Identifier: BSD-2-Clause
/** The pad: strokes of mouse, finger or pen, and the grey picture that they make. */
import { centred, scaled } from "./preparation.js";
import { canvas, colour, element, input } from "./element.js";

const WIDTH = 0.075; // of the pen on the pad, by its side
const CENTRED_WIDTH = 0.13; // by the drawing's longer side: that of the digits of MNIST
const SMALLEST = 0.15; // longer side of a drawing, by the pad's: a dot stays one
const FINE = 112; // pixels a side of the picture that strokes are drawn into

/** @typedef {[number, number][]} Stroke points, 0..1 */

export class Pad {
  /** @type {Stroke[]} */
  #strokes = [];
  #shown = canvas("pad");
  #fine = document.createElement("canvas");
  #changed;

  /**
   * @param {() => void} changed is called with every new point
   */
  constructor(changed) {
    this.#changed = changed;
    Object.assign(this.#fine, { width: FINE, height: FINE });
    this.#shown.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.#shown.setPointerCapture(event.pointerId);
      this.#strokes.push([]);
      this.#add(event);
    });
    this.#shown.addEventListener("pointermove", (event) => {
      if (this.drawing(event.pointerId)) event.getCoalescedEvents().forEach((e) => this.#add(e));
    });
    element("clear").addEventListener("click", () => this.clear());
    element("undo").addEventListener("click", () => {
      this.#strokes.pop();
      this.#redraw();
    });
    input("centre").addEventListener("change", () => this.#changed());
  }

  /** @param {number} pointer */
  drawing(pointer) {
    return this.#shown.hasPointerCapture(pointer);
  }

  clear() {
    this.#strokes = [];
    this.#redraw();
  }

  /**
   * @param {number} height
   * @param {number} width
   * @returns {Uint8Array} what is drawn, in so many pixels 0..255
   */
  pixels(height, width) {
    if (input("centre").checked && height === width) {
      return centred(this.#grey(this.#relativeWidth()), FINE, FINE, width);
    }
    const whole = { left: 0, top: 0, width: FINE, height: FINE };
    return Uint8Array.from(scaled(this.#grey(WIDTH), FINE, whole, width, height), Math.round);
  }

  /** In the colours of the moment. */
  paint() {
    draw(this.#shown, this.#strokes, WIDTH, colour("card"), colour("ink"));
  }

  #relativeWidth() {
    const points = this.#strokes.flat();
    const side = (/** @type {number} */ axis) => {
      const along = points.map((point) => point[axis]);
      return Math.max(...along) - Math.min(...along);
    };
    return CENTRED_WIDTH * Math.max(side(0), side(1), SMALLEST);
  }

  /** @param {number} width */
  #grey(width) {
    const pen = draw(this.#fine, this.#strokes, width, "black", "white");
    const { data } = pen.getImageData(0, 0, FINE, FINE);
    return Uint8Array.from({ length: FINE * FINE }, (_, at) => data[4 * at]);
  }

  /** @param {PointerEvent} event */
  #add(event) {
    const box = this.#shown.getBoundingClientRect();
    const stroke = this.#strokes[this.#strokes.length - 1];
    stroke.push([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    this.#redraw();
  }

  #redraw() {
    this.paint();
    this.#changed();
  }
}

/**
 * @param {HTMLCanvasElement} on
 * @param {Stroke[]} strokes
 * @param {number} width by the side
 * @param {string} back
 * @param {string} ink
 */
function draw(on, strokes, width, back, ink) {
  const pen = /** @type {CanvasRenderingContext2D} */ (
    on.getContext("2d", { willReadFrequently: true })
  );
  pen.fillStyle = back;
  pen.fillRect(0, 0, on.width, on.height);
  Object.assign(pen, { lineWidth: width * on.width, lineCap: "round", lineJoin: "round" });
  pen.strokeStyle = ink;
  for (const stroke of strokes) {
    pen.beginPath();
    pen.moveTo(stroke[0][0] * on.width, stroke[0][1] * on.height);
    for (const [x, y] of stroke) pen.lineTo(x * on.width, y * on.height);
    pen.stroke();
  }
  return pen;
}
