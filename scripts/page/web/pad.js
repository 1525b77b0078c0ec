// SPDX-License-Identifier: BSD-2-Clause
/** The pad: strokes of mouse, finger or pen, or a photo, and the grey picture that they make. */
import { scaled } from "./preparation.js";
import { canvas, colour, element, input } from "./element.js";

const WIDTH = 0.075; // of the pen on the pad, by its side
const CENTRED_WIDTH = 0.13; // by the drawing's longer side: that of the digits of MNIST
const SMALLEST = 0.15; // longer side of a drawing, by the pad's: a dot stays one
const FINE = 112; // pixels a side of the picture that strokes are drawn into
const HINT = "#737373"; // as clear on a white pad as on a black one

/** @typedef {[number, number][]} Stroke points, 0..1 */

export class Pad {
  /** @type {Stroke[]} */
  #strokes = [];
  /**
   * The latest stroke; Clear, Undo or a picture may have removed it.
   *
   * @type {Stroke}
   */
  #stroke = [];
  #shown = canvas("pad");
  #fine = document.createElement("canvas");
  #preparation;
  #changed;
  /** @type {ImageData | null} */
  #photo = null;
  /**
   * A sample that is shown until one draws.
   *
   * @type {{pixels: ArrayLike<number>, height: number, width: number} | null}
   */
  #sample = null;
  /**
   * What the ink of the photo is; undefined where there is no photo, or it was not prepared.
   *
   * @type {"dark" | "light" | null | undefined}
   */
  ink;
  /** Whether dark ink is drawn on light ground. */
  light;
  #themed;

  /**
   * @param {import("./preparation.js").Preparation} preparation
   * @param {{light: boolean, themed: boolean}} ground of the images that the network learned, and
   *     whether the pad has the colours of the page instead
   * @param {() => void} changed is called with every new point
   */
  constructor(preparation, { light, themed }, changed) {
    this.light = light;
    this.#themed = themed;
    this.#preparation = preparation;
    this.#changed = changed;
    Object.assign(this.#fine, { width: FINE, height: FINE });
    this.#shown.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary) return; // a second finger, or the palm beside a pen
      event.preventDefault();
      this.#shown.setPointerCapture(event.pointerId);
      this.#photo = this.#sample = null;
      this.#strokes.push((this.#stroke = []));
      this.#add(event);
    });
    this.#shown.addEventListener("pointermove", (event) => {
      // A finger that touches has the capture in any case.
      const draws = event.isPrimary && this.#shown.hasPointerCapture(event.pointerId);
      if (draws) event.getCoalescedEvents().forEach((e) => this.#add(e));
    });
    element("clear").addEventListener("click", () => this.clear());
    element("undo").addEventListener("click", () => {
      if (this.#strokes.pop()) this.#redraw();
    });
    input("centre").addEventListener("change", () => {
      if (this.#photo || this.#strokes.length) this.#changed(); // not of a sample
    });
    input("light").addEventListener("change", () => {
      this.light = input("light").checked;
      if (this.#sample) this.paint();
      else this.#redraw();
    });
  }

  clear() {
    this.#strokes = [];
    this.#photo = this.#sample = null;
    this.#redraw();
  }

  /**
   * Show a sample, which is not drawn, in the place of what is.
   *
   * @param {ArrayLike<number>} pixels 0..255, of this height and width
   * @param {number} height
   * @param {number} width
   */
  show(pixels, height, width) {
    this.#sample = { pixels, height, width };
    this.paint();
  }

  /** @param {ImageData} photo takes the place of what is drawn */
  open(photo) {
    this.#strokes = [];
    this.#sample = null;
    this.#photo = photo;
    this.#redraw();
  }

  /**
   * @param {number} height
   * @param {number} width
   * @returns {Uint8Array} what is drawn, in so many pixels 0..255
   */
  pixels(height, width) {
    this.ink = undefined;
    const centre = input("centre").checked && height === width;
    if (this.#photo) {
      const { data, width: w, height: h } = this.#photo;
      if (!centre) return this.#preparation.raw(data, w, h, width, height);
      const { pixels, ink } = this.#preparation.prepared(data, w, h, width);
      this.ink = ink;
      return this.#onGround(pixels);
    }
    if (centre) {
      const grey = this.#grey(this.#relativeWidth());
      return this.#onGround(this.#preparation.centred(grey, FINE, FINE, width));
    }
    const whole = { left: 0, top: 0, width: FINE, height: FINE };
    const grey = scaled(this.#grey(WIDTH), FINE, whole, width, height);
    return this.#onGround(Uint8Array.from(grey, Math.round));
  }

  /** A pixel of the ground. */
  get blank() {
    return this.light ? 255 : 0;
  }

  /** Whether nothing is on the pad, not even an image that is all ground. */
  get empty() {
    return !this.#photo && !this.#sample && !this.#strokes.length;
  }

  /** @param {Uint8Array} ink bright where there is ink */
  #onGround(ink) {
    return ink.map((pixel) => Math.abs(this.blank - pixel));
  }

  /** Colours of ground, ink and hint. */
  #colours() {
    if (this.#themed) return ["card", "ink", "soft"].map(colour);
    return [...(this.light ? ["white", "black"] : ["black", "white"]), HINT];
  }

  /** In the colours of the moment. */
  paint() {
    const [ground, ink, hint] = this.#colours();
    const pen = draw(this.#shown, this.#strokes, WIDTH, ground, ink);
    if (this.#photo) layInto(pen, this.#shown, this.#photo);
    else if (this.#sample) this.#paintSample(pen, this.#sample);
    else if (!this.#strokes.length) {
      pen.fillStyle = hint;
      Object.assign(pen, { font: `${this.#shown.width / 14}px system-ui`, textAlign: "center" });
      pen.fillText("Draw here", this.#shown.width / 2, this.#shown.height / 2);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {{pixels: ArrayLike<number>, height: number, width: number}} sample
   */
  #paintSample(pen, { pixels, height, width }) {
    const side = Math.min(pen.canvas.width / width, pen.canvas.height / height);
    const [left, top] = [(pen.canvas.width - side * width) / 2, (pen.canvas.height - side * height) / 2];
    pen.fillStyle = this.#themed ? colour("card") : "black";
    pen.fillRect(left, top, side * width, side * height);
    pen.fillStyle = this.#themed ? colour("ink") : "white";
    for (let at = 0; at < pixels.length; at++) {
      pen.globalAlpha = pixels[at] / 255;
      pen.fillRect(left + (at % width) * side, top + Math.floor(at / width) * side, side, side);
    }
    pen.globalAlpha = 1;
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
    if (!this.#strokes.includes(this.#stroke)) return;
    const { left, top, width, height } = this.#shown.getBoundingClientRect();
    this.#stroke.push([(event.clientX - left) / width, (event.clientY - top) / height]);
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

/**
 * A photo in the middle, as large as there is room.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {HTMLCanvasElement} on
 * @param {ImageData} photo
 */
function layInto(pen, on, photo) {
  const { width, height } = photo;
  const fine = Object.assign(document.createElement("canvas"), { width, height });
  /** @type {CanvasRenderingContext2D} */ (fine.getContext("2d")).putImageData(photo, 0, 0);
  const scale = Math.min(on.width / width, on.height / height);
  const [w, h] = [width * scale, height * scale];
  pen.drawImage(fine, (on.width - w) / 2, (on.height - h) / 2, w, h);
}
