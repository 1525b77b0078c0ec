// SPDX-License-Identifier: BSD-2-Clause
/**
 * Samples to spikes: the encodings of golden/encodings that a page does itself, a class per kind.
 *
 * @typedef {object} Told what golden says of an encoding
 * @property {keyof typeof KINDS} kind
 * @property {"pixels" | "table" | "series" | "ticks"} samples what a sample is; "ticks" are those of
 *     the connected inputs
 * @property {string} how when an input spikes, in words
 * @property {number[]} inputs the connected ones
 * @property {Record<string, number>} numbers
 * @property {{level_ticks?: number[], edges?: number[][]}} tables
 */

/** @abstract */
export class Encoding {
  /** @param {Told} told */
  constructor(told) {
    this.told = told;
  }

  /** Whether a sample is a picture, which one can draw. */
  get drawn() {
    return this.told.samples === "pixels";
  }

  /** The edges of each feature of a table, which one can move by sliders; else nothing. */
  get edges() {
    return (this.told.samples === "table" && this.told.tables.edges) || [];
  }

  /**
   * @param {string[]} features their names
   * @param {(feature: number) => boolean} isChoice whether a feature is 0 or 1
   * @returns {string[]} the names of the connected inputs of a table
   */
  names(features, isChoice) {
    const { inputs, numbers } = this.told;
    return inputs.map((input) => {
      if (input === numbers.CONSTANT_INPUT) return "constant";
      if (input < features.length) return features[input];
      const feature = input - features.length; // whose complement it is
      return `${isChoice(feature) ? "not" : "small"} ${features[feature]}`;
    });
  }

  /**
   * @param {ArrayLike<number>} sample
   * @returns {Int32Array} ticks of the connected inputs, 0 for silent
   */
  ticks(sample) {
    return Int32Array.from(sample);
  }

  /**
   * @param {ArrayLike<number>} pixels 0..255
   * @returns {number[]} the grey levels 0..255 that the network tells apart
   */
  seen(pixels) {
    return Array.from(pixels);
  }
}

/** The sample is the ticks themselves. */
class Recorded extends Encoding {}

/** What is brighter, or larger, spikes earlier. */
class Levels extends Encoding {
  /** @param {ArrayLike<number>} sample */
  ticks(sample) {
    const { inputs, numbers, tables } = this.told;
    const levels = Array.from(sample, (value, feature) => this.#level(value, feature));
    const last = numbers.LEVELS - 1;
    const ticks = tables.level_ticks ?? [];
    return Int32Array.from(inputs, (input) => {
      if (input === numbers.CONSTANT_INPUT) return ticks[last];
      const level = levels[input % levels.length];
      return ticks[input < levels.length ? level : last - level];
    });
  }

  /** @param {ArrayLike<number>} pixels */
  seen(pixels) {
    const bright = 255 / (this.told.numbers.LEVELS - 1);
    return Array.from(pixels, (pixel, at) => this.#level(pixel, at) * bright);
  }

  /**
   * @param {number} value
   * @param {number} feature
   */
  #level(value, feature) {
    if (this.drawn) return (value * this.told.numbers.LEVELS) >> 8;
    return this.edges[feature].filter((edge) => edge <= value).length;
  }
}

const KINDS = { levels: Levels, ticks: Recorded };

/**
 * @param {Told} told
 * @returns {Encoding}
 */
export function encodingOf(told) {
  return new KINDS[told.kind](told);
}
