// SPDX-License-Identifier: BSD-2-Clause
/**
 * The front end for sound: golden/sound/front.py and levels.py in JavaScript, to the bit.
 *
 * Every value is an integer of at most 42 bits, which a double holds. What may have more than 32
 * bits is divided and rounded down, not shifted.
 *
 * @typedef {object} Sound what golden says of a front end
 * @property {number} rate samples per second
 * @property {number} slot samples
 * @property {number} slots per frame
 * @property {number} frames per word
 * @property {number} drop
 * @property {number} least
 * @property {number} before
 * @property {number} after
 * @property {number} contrast
 * @property {[number, number, number, number, number][]} filters a1, a2, up, down and gain of each
 * @property {[number, number]} hertz of the lowest and of the highest filter
 * @property {number} seconds that a word takes
 *
 * @typedef {object} Heard a word
 * @property {number} slot in which it begins
 * @property {number} top
 * @property {boolean} isolated
 * @property {Uint8Array} picture
 */

/**
 * @param {Sound} sound
 * @param {ArrayLike<number>} x samples of 16 bits
 * @returns {Heard[]} the words in a recording
 */
export function wordsIn(sound, x) {
  const window = sound.slots * sound.frames;
  const levels = levelsOf(sound, x, Math.ceil(x.length / sound.slot) + window);
  const width = sound.filters.length;
  const peaks = Array.from({ length: levels.length / width }, (_, k) =>
    levels.subarray(k * width, (k + 1) * width).reduce((most, level) => Math.max(most, level)),
  );
  /** @type {Heard[]} */
  const words = [];
  let before = 0;
  for (let k = 0; k + window <= peaks.length; before = peaks[k - 1]) {
    const end = k + window;
    const top = peaks.slice(k, end).reduce((most, peak) => Math.max(most, peak));
    /** @param {number} peak */
    const loud = (peak) => peak + sound.drop >= top;
    if (top >= sound.least && loud(peaks[k]) && !loud(before)) {
      const around = [
        ...peaks.slice(Math.max(k - sound.before, 0), k),
        ...peaks.slice(end - sound.after, end),
      ];
      const picture = pictureAt(sound, levels, k, top);
      words.push({ slot: k, top, isolated: !around.some(loud), picture });
      k = end;
    } else k++;
  }
  return words;
}

/**
 * @param {Sound} sound
 * @param {ArrayLike<number>} x
 * @param {number} slots of which levels are wanted; behind x is silence
 * @returns {Uint8Array} the level of each filter, slot by slot
 */
function levelsOf(sound, x, slots) {
  const width = sound.filters.length;
  const levels = new Uint8Array(slots * width);
  sound.filters.forEach(([a1, a2, up, down, gain], b) => {
    let [x1, x2, y1, y2, z1, z2] = [0, 0, 0, 0, 0, 0];
    for (let k = 0; k < slots; k++) {
      let E = 0;
      for (let n = k * sound.slot; n < (k + 1) * sound.slot; n++) {
        const x0 = n < x.length ? x[n] : 0;
        const y0 = ((x0 - x2) << up) + Math.floor((a1 * y1 + a2 * y2 + 8192) / 16384);
        const z0 = ((y0 - y2) >> down) + Math.floor((a1 * z1 + a2 * z2 + 8192) / 16384);
        [x2, x1, y2, y1, z2, z1] = [x1, x0, y1, y0, z1, z0];
        E += Math.abs(z0);
      }
      levels[k * width + b] = Math.min(Math.max(log2(E) + gain, 0), 255);
    }
  });
  return levels;
}

/**
 * @param {number} E below 2^31
 * @returns {number} 8 times its logarithm to base 2, linear between powers of two; 0 for 0
 */
function log2(E) {
  if (!E) return 0;
  const e = 31 - Math.clz32(E);
  return 8 * e + Math.floor(((E - 2 ** e) * 8) / 2 ** e);
}

/**
 * @param {Sound} sound
 * @param {Uint8Array} levels
 * @param {number} slot in which the word begins
 * @param {number} top
 * @returns {Uint8Array} its picture, frame by frame
 */
function pictureAt(sound, levels, slot, top) {
  const width = sound.filters.length;
  return Uint8Array.from({ length: sound.frames * width }, (_, at) => {
    const first = slot + Math.floor(at / width) * sound.slots;
    let total = 0;
    for (let k = first; k < first + sound.slots; k++) total += levels[k * width + (at % width)];
    const below = top - Math.floor(total / sound.slots);
    return Math.max(255 - (below << sound.contrast), 0);
  });
}
