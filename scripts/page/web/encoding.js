// SPDX-License-Identifier: BSD-2-Clause
/**
 * Samples to spikes: which tick every connected input spikes at, as golden/encoding.py has it.
 *
 * @typedef {object} Encoding
 * @property {"pixels" | "table" | "ticks"} kind what a sample is: pixels 0..255, features, or the
 *     ticks of the connected inputs themselves
 * @property {number} N levels of an input
 * @property {number[]} levelTicks the tick of each level, 0 for never
 * @property {boolean} complement whether the inputs are followed by their complements
 * @property {boolean} constant whether the last input always has the highest level
 * @property {number[][]} edges of a table, by feature
 * @property {number[]} inputs the connected ones
 */

/**
 * @param {number} pixel 0..255
 * @param {number} N
 * @returns {number} its level of N
 */
export function pixelLevel(pixel, N) {
  return (pixel * N) >> 8;
}

/**
 * @param {Encoding} encoding
 * @param {ArrayLike<number>} sample
 * @returns {Int32Array} ticks of the connected inputs, 0 for silent
 */
export function encode(encoding, sample) {
  if (encoding.kind === "ticks") return Int32Array.from(sample);
  const { N, edges } = encoding;
  const levels = Array.from(sample, (value, feature) =>
    encoding.kind === "pixels"
      ? pixelLevel(value, N)
      : edges[feature].filter((edge) => edge <= value).length,
  );
  if (encoding.complement) levels.push(...levels.map((level) => N - 1 - level));
  if (encoding.constant) levels.push(N - 1);
  return Int32Array.from(encoding.inputs, (input) => encoding.levelTicks[levels[input]]);
}
