// SPDX-License-Identifier: BSD-2-Clause
/** Finds elements of the page, makes canvases as sharp as the screen, and counts in words. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
export const input = (id) => /** @type {HTMLInputElement} */ (element(id));

/** @param {string} id */
export const canvas = (id) => /** @type {HTMLCanvasElement} */ (element(id));

/**
 * @param {HTMLCanvasElement} shown
 * @returns {{pen: CanvasRenderingContext2D, width: number, height: number}} empty, in CSS pixels
 */
export function cleared(shown) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = shown;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (shown.width !== w || shown.height !== h) Object.assign(shown, { width: w, height: h });
  const pen = /** @type {CanvasRenderingContext2D} */ (shown.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

/**
 * @param {number} n
 * @param {string} noun
 * @param {string} verb
 * @returns {string} such as "1 neuron waits" or "2 neurons wait"
 */
export function counted(n, noun, verb = "") {
  return n === 1 ? `1 ${noun}${verb && ` ${verb}s`}` : `${n} ${noun}s${verb && ` ${verb}`}`;
}

/**
 * @param {string} name of a colour in style.css
 * @returns {string}
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
