// SPDX-License-Identifier: BSD-2-Clause
/**
 * Spike ticks: their order, and how many there are.
 *
 * @typedef {ArrayLike<number>} Ticks the spike tick of each neuron or input, 0 for silent
 */

/**
 * @param {Ticks} ticks
 * @returns {number[]} those that spike, by tick, then by number
 */
export function inOrderOfTime(ticks) {
  const rows = Array.from(ticks, (_, row) => row).filter((row) => ticks[row]);
  return rows.sort((a, b) => ticks[a] - ticks[b] || a - b);
}

/**
 * @param {Ticks} ticks
 * @param {number} tick
 * @returns {number} how many spike before it
 */
export function countUntil(ticks, tick) {
  return Array.from(ticks).filter((spike) => spike && spike < tick).length;
}
