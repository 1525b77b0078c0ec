// SPDX-License-Identifier: BSD-2-Clause
/**
 * Reads the arrays that the page holds: deflated, in base64.
 *
 * @typedef {{type: string, shape: number[], data: string}} Packed
 * @typedef {Uint8Array | Int8Array | Int32Array | Float64Array} Numbers
 */

const TYPES = { Uint8Array, Int8Array, Int32Array, Float64Array };

/**
 * @param {Packed} packed
 * @returns {Promise<Numbers>} flat, the last axis of `shape` fastest
 */
export async function unpacked(packed) {
  const deflated = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  return new TYPES[/** @type {keyof typeof TYPES} */ (packed.type)](bytes);
}

/**
 * @param {Numbers} numbers [n, width]
 * @param {number} width
 * @param {number} at
 * @returns {Numbers} row `at`, a view
 */
export function rowOf(numbers, width, at) {
  return numbers.subarray(at * width, (at + 1) * width);
}
