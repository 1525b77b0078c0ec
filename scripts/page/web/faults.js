// SPDX-License-Identifier: BSD-2-Clause
/**
 * What hurts a network: pixels that flip, spikes that jitter, hidden neurons that are dead; as
 * golden/faults.py does it, but for its random numbers.
 *
 * Each pixel, spike and neuron has its own number from 0 to 1, so that with a higher share those
 * that were hit are still hit.
 */
export class Faults {
  flipped = 0; // share of the pixels
  jitter = 0; // ticks at most
  killed = 0; // share of the hidden neurons
  /**
   * Hidden neurons that were killed one by one, as "layer:neuron".
   *
   * @type {Set<string>}
   */
  chosen = new Set();
  #seed = 1;

  /** Other pixels, spikes and neurons, as many. */
  drawAnew() {
    this.#seed++;
  }

  /**
   * @param {ArrayLike<number>} pixels 0..255
   * @returns {Uint8Array}
   */
  flip(pixels) {
    return Uint8Array.from(pixels, (pixel, at) =>
      this.#chance(1, at) < this.flipped ? 255 - pixel : pixel,
    );
  }

  /**
   * @param {Int32Array} ticks
   * @param {number} deadline
   * @returns {Int32Array}
   */
  shake(ticks, deadline) {
    const width = 2 * this.jitter + 1;
    return ticks.map((tick, row) => {
      if (!tick) return 0;
      const moved = tick - this.jitter + Math.floor(this.#chance(2, row) * width);
      return Math.min(Math.max(moved, 1), deadline);
    });
  }

  /**
   * Tell whether a neuron was killed; the neurons of a filter share their column, and die together.
   *
   * @param {number} layer
   * @param {number} neuron
   * @param {number} column of the weights
   */
  isDead(layer, neuron, column) {
    return this.chosen.has(`${layer}:${neuron}`) || this.#chance(3 + layer, column) < this.killed;
  }

  /**
   * A number from 0 to 1 that looks random (the finaliser of MurmurHash3).
   *
   * @param {number} kind
   * @param {number} at
   */
  #chance(kind, at) {
    let x = Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(kind, 0x85ebca77) ^ at;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  }
}
