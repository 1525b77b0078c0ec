// SPDX-License-Identifier: BSD-2-Clause
/**
 * From a photo to the pixels of a digit, as those of MNIST were made: golden/data/preparation.py, where
 * the reasons are said, in JavaScript. Steps and names are the same, and its constants are told.
 *
 * Plain arithmetic on arrays, without the browser, so that others can do the same. What is bright is
 * for the encoding to say: of a binary one p > 127, as in the binarised data set.
 *
 * @typedef {object} Constants of golden/data/preparation.py
 * @property {number} BOX
 * @property {number} WORK
 * @property {number} GRID
 * @property {number} AROUND
 * @property {number} LEAST_CONTRAST
 * @property {number} SPECK
 * @property {number} INSIDE
 * @property {number} TIE
 *
 * @typedef {{values: ArrayLike<number>, width: number, height: number}} Plane row by row
 * @typedef {{pixels: Uint8Array, ink: "dark" | "light" | null}} Prepared
 * @typedef {{bright: Uint8Array, between: number, contrast: number, ink: "dark" | "light"}} Standing
 */

export class Preparation {
  #constants;

  /** @param {Constants} constants */
  constructor(constants) {
    this.#constants = constants;
  }

  /**
   * The digit on a picture.
   *
   * @param {ArrayLike<number>} rgba [height, width, 4], 0..255
   * @param {number} width
   * @param {number} height
   * @param {number} side of the result
   * @returns {Prepared} pixels [side, side], bright where there is ink
   */
  prepared(rgba, width, height, side) {
    const channels = this.reduced(opaque(rgba, width, height));
    const found = channels.map((channel) => this.standing(channel));
    const best = found.reduce((one, other) => (other.between > one.between ? other : one));
    if (best.contrast < this.#constants.LEAST_CONTRAST) {
      return { pixels: new Uint8Array(side * side), ink: null };
    }
    const [{ width: w, height: h }] = channels;
    const mask = this.cleaned(best.bright, w, h);
    return { pixels: this.centred(mask.map((ink) => 255 * ink), w, h, side), ink: best.ink };
  }

  /**
   * A picture as it is, in grey.
   *
   * @param {ArrayLike<number>} rgba [height, width, 4], 0..255
   * @param {number} width
   * @param {number} height
   * @param {number} w
   * @param {number} h
   * @returns {Uint8Array} pixels [h, w]
   */
  raw(rgba, width, height, w, h) {
    const whole = { left: 0, top: 0, width, height };
    const [red, green, blue] = opaque(rgba, width, height).map(({ values }) =>
      scaled(values, width, whole, w, h),
    );
    return Uint8Array.from(greyOf(red, green, blue), (value) => this.#rounded(value));
  }

  /**
   * @param {Plane[]} colours red, green and blue
   * @returns {Plane[]} red, green, blue and grey, the longer side WORK
   */
  reduced(colours) {
    const { WORK } = this.#constants;
    const [{ width, height }] = colours;
    const [w, h] = this.#fitting(width, height, WORK);
    const whole = { left: 0, top: 0, width, height };
    const [red, green, blue] = colours.map((plane) =>
      Math.max(width, height) > WORK
        ? scaled(plane.values, width, whole, w, h)
        : stretched(plane, w, h),
    );
    return [red, green, blue, greyOf(red, green, blue)].map((values) => ({
      values: values.map((value) => this.#rounded(value)),
      width: w,
      height: h,
    }));
  }

  /**
   * How ink stands out of the ground of a channel.
   *
   * @param {Plane} channel
   * @returns {Standing}
   */
  standing(channel) {
    const below = this.ground(channel);
    const apart = below.map((value, at) => this.#rounded(channel.values[at] - value));
    const dark = apart.reduce((sum, value) => sum + value ** 3, 0) < 0;
    const counts = new Array(256).fill(0);
    const standing = apart.map((value) => Math.min(Math.max(dark ? -value : value, 0), 255));
    for (const value of standing) counts[value]++;
    const { threshold, between, contrast } = otsu(counts);
    const bright = Uint8Array.from(standing, (value) => Number(value > threshold));
    return { bright, between, contrast, ink: dark ? "dark" : "light" };
  }

  /**
   * @param {Plane} channel
   * @returns {Float64Array} its ground
   */
  ground({ values, width, height }) {
    const { GRID, AROUND } = this.#constants;
    const [w, h] = this.#fitting(width, height, GRID);
    const whole = { left: 0, top: 0, width, height };
    const cells = scaled(values, width, whole, w, h).map((value) => this.#rounded(value));
    return stretched({ values: medians(cells, w, h, AROUND), width: w, height: h }, width, height);
  }

  /**
   * Ink without specks, and without what comes in over the frame.
   *
   * @param {Uint8Array} bright 1 where there is ink, else 0
   * @param {number} width
   * @param {number} height
   * @returns {Uint8Array}
   */
  cleaned(bright, width, height) {
    const { INSIDE, SPECK } = this.#constants;
    const pieces = piecesOf(bright, width, height);
    const sum = (/** @type {number[]} */ some) => some.reduce((all, size) => all + size, 0);
    let sizes = pieces.sizes;
    const inside = sizes.map((size, piece) => (pieces.framed[piece] ? 0 : size));
    if (sum(inside) >= INSIDE * sum(sizes)) sizes = inside;
    const least = Math.max(1, SPECK * Math.max(...sizes));
    return Uint8Array.from(pieces.of, (piece) => Number(piece >= 0 && sizes[piece] >= least));
  }

  /**
   * Ink as a digit of MNIST.
   *
   * @param {ArrayLike<number>} grey 0..255, bright where there is ink
   * @param {number} width
   * @param {number} height
   * @param {number} side of the result
   * @returns {Uint8Array} pixels [side, side], 0..255; all dark where there is no ink
   */
  centred(grey, width, height, side) {
    const bounds = inkBounds(grey, width, height);
    const pixels = new Uint8Array(side * side);
    if (!bounds) return pixels;
    const longer = this.#rounded(side * this.#constants.BOX);
    const [w, h] = this.#fitting(bounds.width, bounds.height, longer);
    const box = scaled(grey, width, bounds, w, h);
    let [mass, x, y] = [0, 0, 0];
    box.forEach((value, at) => {
      mass += value;
      x += value * (at % w);
      y += value * Math.floor(at / w);
    });
    const left = this.#rounded(side / 2 - x / mass);
    const top = this.#rounded(side / 2 - y / mass);
    box.forEach((value, at) => {
      const column = left + (at % w);
      const row = top + Math.floor(at / w);
      if (column >= 0 && column < side && row >= 0 && row < side) {
        pixels[row * side + column] = this.#rounded(value);
      }
    });
    return pixels;
  }

  /**
   * @param {number} width
   * @param {number} height
   * @param {number} side
   * @returns {[number, number]} width and height in proportion, the longer `side`
   */
  #fitting(width, height, side) {
    const longer = Math.max(width, height);
    return [
      Math.max(1, this.#rounded((width * side) / longer)),
      Math.max(1, this.#rounded((height * side) / longer)),
    ];
  }

  /** @param {number} value */
  #rounded(value) {
    return Math.floor(value + (0.5 + this.#constants.TIE));
  }
}

/**
 * Colours as they are seen: what is transparent lies on white, or on black if bright.
 *
 * @param {ArrayLike<number>} rgba
 * @param {number} width
 * @param {number} height
 * @returns {Plane[]} red, green and blue
 */
function opaque(rgba, width, height) {
  let [mass, weight] = [0, 0];
  for (let at = 0; at < rgba.length; at += 4) {
    weight += rgba[at + 3];
    mass += rgba[at + 3] * (rgba[at] + rgba[at + 1] + rgba[at + 2]);
  }
  const behind = 2 * mass > 3 * 255 * weight ? 0 : 255;
  return [0, 1, 2].map((colour) => {
    const values = new Uint8Array(width * height);
    for (let at = 0; at < values.length; at++) {
      const alpha = rgba[4 * at + 3];
      const mixed = rgba[4 * at + colour] * alpha + behind * (255 - alpha);
      values[at] = Math.floor(mixed / 255 + 0.5);
    }
    return { values, width, height };
  });
}

/**
 * @param {Float64Array} red
 * @param {Float64Array} green
 * @param {Float64Array} blue
 */
function greyOf(red, green, blue) {
  return red.map((value, at) => 0.299 * value + 0.587 * green[at] + 0.114 * blue[at]);
}

/**
 * The threshold of a histogram: values above it are apart from the others. Also the variance between
 * the two, and the difference of their means.
 *
 * @param {number[]} counts
 */
function otsu(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mass = counts.reduce((sum, count, value) => sum + count * value, 0);
  let [threshold, most, contrast] = [0, 0, 0];
  let [low, lowMass] = [0, 0];
  counts.slice(0, -1).forEach((count, value) => {
    low += count;
    lowMass += count * value;
    if (!low || low === total) return;
    const moved = (mass * low) / total - lowMass;
    const between = (moved * moved) / (low * (total - low));
    if (between <= most) return;
    [threshold, most] = [value, between];
    contrast = (mass - lowMass) / (total - low) - lowMass / low;
  });
  return { threshold, between: most, contrast };
}

/**
 * @param {ArrayLike<number>} cells
 * @param {number} width
 * @param {number} height
 * @param {number} around in each direction, beyond the frame the nearest cells again
 * @returns {Float64Array} the median around each cell
 */
function medians(cells, width, height, around) {
  const result = new Float64Array(width * height);
  const window = new Uint8Array((2 * around + 1) ** 2);
  const inside = (/** @type {number} */ at, /** @type {number} */ end) =>
    Math.min(Math.max(at, 0), end - 1);
  for (let at = 0; at < result.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    let place = 0;
    for (let row = y - around; row <= y + around; row++) {
      for (let column = x - around; column <= x + around; column++) {
        window[place++] = cells[inside(row, height) * width + inside(column, width)];
      }
    }
    result[at] = window.sort()[(window.length - 1) / 2];
  }
  return result;
}

/**
 * Pieces of ink, of which each pixel touches another by a side or a corner.
 *
 * @param {Uint8Array} bright
 * @param {number} width
 * @param {number} height
 * @returns {{of: Int32Array, sizes: number[], framed: boolean[]}} the piece of each pixel, -1 for
 *     none; of each piece its pixels, and whether it is at the frame
 */
function piecesOf(bright, width, height) {
  const of = new Int32Array(width * height).fill(-1);
  /** @type {number[]} */
  const sizes = [];
  /** @type {boolean[]} */
  const framed = [];
  bright.forEach((ink, start) => {
    if (!ink || of[start] >= 0) return;
    const piece = sizes.push(0) - 1;
    framed.push(false);
    const open = [start];
    of[start] = piece;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      sizes[piece]++;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) framed[piece] = true;
      for (let row = Math.max(0, y - 1); row <= Math.min(y + 1, height - 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(x + 1, width - 1); column++) {
          const next = row * width + column;
          if (!bright[next] || of[next] >= 0) continue;
          of[next] = piece;
          open.push(next);
        }
      }
    }
  });
  return { of, sizes, framed };
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

/**
 * A picture in w x h pixels, straight from the middle of one to that of the next.
 *
 * @param {Plane} plane
 * @param {number} w
 * @param {number} h
 * @returns {Float64Array} [h, w]
 */
function stretched({ values, width, height }, w, h) {
  const columns = neighbours(width, w);
  const rows = neighbours(height, h);
  const result = new Float64Array(w * h);
  rows.forEach(([top, bottom, down], row) =>
    columns.forEach(([left, right, along], column) => {
      const at = (/** @type {number} */ x) =>
        values[top * width + x] * (1 - down) + values[bottom * width + x] * down;
      result[row * w + column] = at(left) * (1 - along) + at(right) * along;
    }),
  );
  return result;
}

/**
 * @param {number} length
 * @param {number} count
 * @returns {[number, number, number][]} for each of `count` places, between which two pixels of a
 *     length it is, and the share of the second
 */
function neighbours(length, count) {
  return Array.from({ length: count }, (_, at) => {
    const middle = (at + 0.5) * (length / count) - 0.5;
    const place = Math.min(Math.max(middle, 0), length - 1);
    const first = Math.min(Math.floor(place), Math.max(0, length - 2));
    return [first, Math.min(first + 1, length - 1), place - first];
  });
}
