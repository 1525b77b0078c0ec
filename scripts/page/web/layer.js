// SPDX-License-Identifier: BSD-2-Clause
/**
 * The kinds of layers of golden/layers, one spike per neuron, in JavaScript: a class per kind.
 *
 * Between the spikes that reach a neuron its M is linear in the tick, so the crossing in between is
 * one division. S, M and A are integers in doubles; networks for which that would not be exact get
 * no page.
 *
 * @typedef {object} Told what golden says of a layer that convolves; pairs are (down, across)
 * @property {number} maps of inputs
 * @property {[number, number]} kernel
 * @property {[number, number]} out rows and columns of a map of neurons
 * @property {import("./unpack.js").Packed[]} touched the `Touched` of golden/layers/geometry.py
 *
 * @typedef {Dense | Convolution} Layer
 *
 * @typedef {object} Fired
 * @property {Int32Array} spikes the tick of each neuron, 0 for silent
 * @property {Float64Array} M at the spike, or at the deadline
 */
import { inOrderOfTime } from "./ticks.js";
import { unpacked } from "./unpack.js";

/** What both kinds have. */
class Weighted {
  /** Neurons that share a column of the weights. */
  positions = 1;

  /**
   * @param {Int8Array} weights row by row
   * @param {number} columns
   */
  constructor(weights, columns) {
    this.weights = weights;
    this.columns = columns;
  }

  /**
   * @param {number} neuron
   * @returns {number[]} its column of the weights
   */
  weightsOf(neuron) {
    const { weights, columns } = this;
    const column = Math.floor(neuron / this.positions);
    return Array.from({ length: weights.length / columns }, (_, row) => weights[row * columns + column]);
  }
}

/** All to all; the weights are a matrix [inputs, neurons]. */
class Dense extends Weighted {
  /**
   * @param {number} neuron
   * @returns {[number, number][]} the inputs that it sees, and the weights of these
   */
  seen(neuron) {
    return this.weightsOf(neuron).map((weight, input) => [input, weight]);
  }

  /**
   * @param {number} threshold
   * @param {number} deadline
   * @param {import("./ticks.js").Ticks} ticks of the inputs
   * @returns {Fired}
   */
  fired(threshold, deadline, ticks) {
    const { weights, columns } = this;
    const order = inOrderOfTime(ticks);
    const S = new Float64Array(columns).fill(-threshold);
    const M = new Float64Array(columns);
    const spikes = new Int32Array(columns);
    const atSpike = new Float64Array(columns);
    for (let now = 0, event = 0; now < deadline; ) {
      const then = event < order.length ? ticks[order[event]] : deadline;
      for (let j = 0; j < columns; j++) {
        const reached = M[j] + S[j] * (then - now);
        if (reached >= 0 && !spikes[j]) {
          const steps = Math.ceil(-M[j] / S[j]);
          spikes[j] = now + steps;
          atSpike[j] = M[j] + S[j] * steps;
        }
        M[j] = reached;
      }
      now = then;
      for (; event < order.length && ticks[order[event]] === now; event++) {
        const row = order[event] * columns;
        for (let j = 0; j < columns; j++) S[j] += weights[row + j];
      }
    }
    spikes.forEach((tick, j) => {
      if (!tick) atSpike[j] = M[j];
    });
    return { spikes, M: atSpike };
  }
}

/** Maps to maps: a filter has a neuron per position, and the weights are [maps * taps, filters]. */
export class Convolution extends Weighted {
  #touched;

  /**
   * @param {Int8Array} weights row by row
   * @param {number} filters
   * @param {Told} told
   * @param {Int32Array[]} touched
   */
  constructor(weights, filters, { maps, kernel, out }, [first, position, tap]) {
    super(weights, filters);
    this.maps = maps;
    this.kernel = kernel;
    this.out = out;
    this.positions = out[0] * out[1];
    this.places = first.length - 1;
    this.taps = kernel[0] * kernel[1];
    this.#touched = { first, position, tap };
  }

  /**
   * @param {number} input
   * @returns {Int32Array} the positions that its spike reaches
   */
  reached(input) {
    const { first, position } = this.#touched;
    const place = input % this.places;
    return position.subarray(first[place], first[place + 1]);
  }

  /**
   * @param {number} neuron
   * @returns {[number, number][]} the inputs that it sees, and the weights of these
   */
  seen(neuron) {
    const { first, tap } = this.#touched;
    const weights = this.weightsOf(neuron);
    /** @type {[number, number][]} */
    const found = [];
    for (let input = 0; input < this.maps * this.places; input++) {
      const at = this.reached(input).indexOf(neuron % this.positions);
      const place = input % this.places;
      const map = (input - place) / this.places;
      if (at >= 0) found.push([input, weights[map * this.taps + tap[first[place] + at]]]);
    }
    return found;
  }

  /**
   * @param {number} neuron
   * @returns {string} where it is, in words
   */
  placeOf(neuron) {
    const [map, position] = [Math.floor(neuron / this.positions), neuron % this.positions];
    const [row, column] = [Math.floor(position / this.out[1]), position % this.out[1]];
    return `map ${map + 1}, row ${row + 1}, column ${column + 1}`;
  }

  /**
   * @param {number} threshold
   * @param {number} deadline
   * @param {import("./ticks.js").Ticks} ticks of the inputs
   * @returns {Fired}
   */
  fired(threshold, deadline, ticks) {
    const { weights, columns, positions, places, taps } = this;
    const { first, position, tap } = this.#touched;
    // The columns of a position lie beside each other. M(z) = S z - A.
    const S = new Float64Array(positions * columns).fill(-threshold);
    const A = new Float64Array(positions * columns);
    const fired = new Int32Array(positions * columns);
    for (const input of inOrderOfTime(ticks)) {
      const z = ticks[input];
      const place = input % places;
      const map = (input - place) / places;
      for (let at = first[place]; at < first[place + 1]; at++) {
        const row = (map * taps + tap[at]) * columns;
        const state = position[at] * columns;
        for (let f = 0; f < columns; f++) {
          const n = state + f;
          if (fired[n]) continue;
          if (S[n] * z >= A[n]) {
            fired[n] = Math.ceil(A[n] / S[n]);
          } else {
            S[n] += weights[row + f];
            A[n] += weights[row + f] * z;
          }
        }
      }
    }
    const spikes = new Int32Array(fired.length);
    const M = new Float64Array(fired.length);
    fired.forEach((tick, n) => {
      const neuron = (n % columns) * positions + Math.floor(n / columns);
      const ends = tick || (S[n] * deadline >= A[n] ? Math.ceil(A[n] / S[n]) : 0);
      spikes[neuron] = ends;
      M[neuron] = S[n] * (ends || deadline) - A[n];
    });
    return { spikes, M };
  }
}

/**
 * @param {Int8Array} weights
 * @param {number} columns
 * @param {Told | null} told of a layer that convolves
 * @returns {Promise<Layer>}
 */
export async function layerOf(weights, columns, told) {
  if (!told) return new Dense(weights, columns);
  const touched = await Promise.all(told.touched.map(unpacked));
  return new Convolution(weights, columns, told, /** @type {Int32Array[]} */ (touched));
}
