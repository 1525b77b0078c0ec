// SPDX-License-Identifier: BSD-2-Clause
/**
 * From a drawing to the pixels of a digit, as those of MNIST were made: the ink is scaled into a
 * box of 20 x 20 pixels, its proportions kept, and laid into 28 x 28 with its centre of mass in the
 * middle. (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".)
 *
 * Plain arithmetic on an array, without the browser, so that others can do the same. What is bright
 * is for the encoding to say: of a binary one p > 127, as in the binarised data set.
 */

const BOX = 20 / 28; // of the side

/**
 * @param {ArrayLike<number>} grey the drawing, 0..255, bright where there is ink
 * @param {number} width
 * @param {number} height
 * @param {number} side of the result
 * @returns {Uint8Array} pixels [side, side], 0..255; all dark where there is no ink
 */
export function centred(grey, width, height, side) {
  const bounds = inkBounds(grey, width, height);
  const pixels = new Uint8Array(side * side);
  if (!bounds) return pixels;
  const scale = Math.round(side * BOX) / Math.max(bounds.width, bounds.height);
  const w = Math.max(1, Math.round(bounds.width * scale));
  const h = Math.max(1, Math.round(bounds.height * scale));
  const box = scaled(grey, width, bounds, w, h);
  let [mass, x, y] = [0, 0, 0];
  box.forEach((value, at) => {
    mass += value;
    x += value * (at % w);
    y += value * Math.floor(at / w);
  });
  const left = Math.round(side / 2 - x / mass);
  const top = Math.round(side / 2 - y / mass);
  box.forEach((value, at) => {
    const column = left + (at % w);
    const row = top + Math.floor(at / w);
    if (column >= 0 && column < side && row >= 0 && row < side) {
      pixels[row * side + column] = Math.round(value);
    }
  });
  return pixels;
}

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Bounds
 *
 * @param {ArrayLike<number>} grey
 * @param {number} width
 * @param {number} height
 * @returns {Bounds | null} the smallest rectangle with all ink, or none
 */
function inkBounds(grey, width, height) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let at = 0; at < width * height; at++) {
    if (grey[at] === 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * A part of a picture in w x h pixels, each the mean of the area below it.
 *
 * @param {ArrayLike<number>} grey
 * @param {number} width
 * @param {Bounds} part
 * @param {number} w
 * @param {number} h
 * @returns {Float64Array} [h, w]
 */
export function scaled(grey, width, part, w, h) {
  const columns = shares(part.left, part.width, w);
  const rows = shares(part.top, part.height, h);
  const result = new Float64Array(w * h);
  rows.forEach((ys, row) =>
    columns.forEach((xs, column) => {
      let sum = 0;
      for (const [y, high] of ys) {
        for (const [x, wide] of xs) sum += grey[y * width + x] * high * wide;
      }
      result[row * w + column] = sum;
    }),
  );
  return result;
}

/**
 * Which pixels, and how much of each, lie below each of `count` equal parts of a length.
 *
 * @param {number} start
 * @param {number} length
 * @param {number} count
 * @returns {[number, number][][]} shares, 1 in sum for each part
 */
function shares(start, length, count) {
  const step = length / count;
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part * step, (part + 1) * step];
    /** @type {[number, number][]} */
    const found = [];
    for (let at = Math.floor(from); at < Math.min(Math.ceil(to), length); at++) {
      found.push([start + at, (Math.min(to, at + 1) - Math.max(from, at)) / step]);
    }
    return found;
  });
}
