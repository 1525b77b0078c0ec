// SPDX-License-Identifier: BSD-2-Clause
/**
 * How many clock cycles a core takes for an image: the layers of golden/timing/replica.py, where the
 * reasons are said, in JavaScript. Names are the same, and so are the figures of `Shape`.
 *
 * @typedef {object} Shape of a core; arrays are over the layers
 * @property {number[]} n_out
 * @property {number[]} lanes
 * @property {number[]} groups
 * @property {number[]} window
 * @property {number[]} serial_sweeps
 * @property {number[]} stages
 * @property {number[]} fetching
 * @property {number[]} mask_fifo_depth
 * @property {number[]} rows
 * @property {number[]} sends
 * @property {number[]} release_cycles
 * @property {number[]} queued_cycles
 * @property {number[]} decision_cycles
 * @property {number[]} convolves
 * @property {number[]} located_cycles
 * @property {number[]} positions
 * @property {number} deadline
 * @property {number} serialiser_block
 * @property {Record<string, number>} latency
 *
 * @typedef {import("./ticks.js").Ticks} Ticks
 *
 * @typedef {object} Visit of a group of neurons by an operation
 * @property {number} position
 * @property {number} group
 * @property {boolean} fires whether it asks who fires
 * @property {boolean} closes whether no other of its walk asks that
 * @property {boolean} decides whether the potentials of the last layer are known by it
 */

export const SPIKE = 0;
const ADVANCE = 1;
export const END = 2;
const BEGINS = -1; // in the place of a walk's steps: the first of an image advances by none

/** The layers of a core while they work on one image. */
export class Layers {
  /** The cycle of the decision, -1 before. */
  decided = -1;
  #shape;
  #kinds;
  #spikes;
  #decisionTick;
  #layers;

  /**
   * @param {Shape} shape
   * @param {import("./layer.js").Layer[]} kinds of the layers
   * @param {Ticks[]} spikes of each hidden layer
   * @param {number} decisionTick
   */
  constructor(shape, kinds, spikes, decisionTick) {
    this.#shape = shape;
    this.#kinds = kinds;
    this.#spikes = spikes;
    this.#decisionTick = decisionTick;
    this.#layers = shape.n_out.map((_, layer) => ({
      registers: new Array(shape.stages[layer] + 2).fill(0),
      places: new Array(shape.mask_fifo_depth[layer]).fill(0),
      located: new Array(shape.located_cycles[layer] + 2).fill(0),
      /** The positions that a spike has reached, in this order. */
      listed: /** @type {Set<number>} */ (new Set()),
      settled: 0,
      /** The neurons that fired in this window, in the order in which they were found. */
      arrived: /** @type {number[]} */ ([]),
      masks: 0,
      next: 0,
      eventFree: 0,
      doorFree: 0,
      started: false,
      now: 0,
      beats: 0,
      opening: 0,
      skidFree: 0,
      maskFree: 0,
      blockFree: 0,
      promised: 0,
    }));
  }

  /**
   * Offer an event to a layer from a cycle on.
   *
   * @param {number} layer
   * @param {number} kind
   * @param {number} tick
   * @param {number} address of the spike's input
   * @param {number} offered
   * @returns {number} the cycle in which it is taken
   */
  push(layer, kind, tick, address, offered) {
    if (this.decided >= 0) return offered;
    const { latency, ...shape } = this.#shape;
    const state = this.#layers[layer];
    const taken = Math.max(offered, state.doorFree);
    state.doorFree = Math.max(taken, state.eventFree) + latency.EVENT;
    let at = Math.max(state.doorFree, state.next);
    const target = kind === END ? shape.deadline : tick;
    const groups = shape.groups[layer];
    const window = shape.window[layer];
    const last = layer === shape.n_out.length - 1;
    const convolves = shape.convolves[layer];
    for (;;) {
      const lag = state.started ? target - state.now : -1;
      let [firstGroup, rows, steps, takesRow, ends] = [0, 1, 0, false, false];
      if ((lag > 0 || (lag === 0 && kind === END)) && state.beats && groups > 1 && !convolves) {
        [firstGroup, rows, steps] = [1, state.beats, state.opening];
      } else if (lag < 0) {
        steps = BEGINS;
        takesRow = kind === SPIKE;
        state.started = true;
        state.now = target;
      } else if (lag > 0) {
        steps = 2 ** window;
        while (steps > lag) steps /= 2;
        takesRow = kind === SPIKE && steps === lag;
        state.now += steps;
      } else if (kind === SPIKE && convolves) {
        takesRow = true;
      } else if (kind === SPIKE) {
        state.beats++;
        [state.eventFree] = this.#issue(layer, at, 0, 0);
        return taken;
      } else if (kind === ADVANCE) {
        state.next = at + 1;
        state.eventFree = at;
        return taken;
      } else {
        ends = true;
      }
      if (shape.serial_sweeps[layer] && (ends || (firstGroup === 0 && steps > 0)))
        at = Math.max(at, state.promised);

      let begun = -1;
      if (convolves) {
        [begun, at] = this.#locate(layer, at);
        if (steps > 0 || ends) at = Math.max(at, state.settled);
      }
      const visits = convolves
        ? this.#reached(layer, steps, takesRow, ends, address)
        : this.#walked(layer, firstGroup, rows, steps, takesRow, ends);
      for (const visit of visits) {
        const { fires } = visit;
        const freed = state.places[state.masks % shape.mask_fifo_depth[layer]] + latency.FREED;
        const fetched = fires && shape.mask_fifo_depth[layer] ? freed + 1 : 0;
        const ready = fires && !shape.mask_fifo_depth[layer] ? state.skidFree : 0;
        const [issued, left] = this.#issue(layer, at, fetched, ready);
        at = issued + 1;
        if (begun < 0) begun = issued;
        if (visit.decides && state.now === this.#decisionTick) {
          this.decided = left + latency.POTENTIALS + shape.decision_cycles[layer];
          return taken;
        }
        if (fires) this.#serialise(layer, visit, steps, left, ends);
        else if (convolves) state.settled = state.registers[latency.REACHED_POSITIONS];
        if (this.decided >= 0) return taken;
      }
      if (convolves) {
        state.located[shape.located_cycles[layer] + 1] = visits.length ? at : at + 1;
        at = state.next = begun + 1;
        if (steps > 0 || ends) state.promised = state.blockFree + latency.DONE;
      }
      if (window && (ends || (steps > 0 && (convolves || !takesRow)))) {
        this.#release(layer, steps, ends);
        if (this.decided >= 0) return taken;
      }
      if (ends) {
        state.eventFree = begun;
        return taken;
      }
      state.beats = takesRow ? 1 : 0;
      state.opening = steps;
      if (firstGroup === 0 && state.now === target && kind !== END) {
        state.eventFree = begun;
        return taken;
      }
    }
  }

  /**
   * One operation from the sequencer of a layer that convolves to the register of its walk.
   *
   * @param {number} layer
   * @param {number} at
   * @returns {[number, number]} the cycle of its issue, and that from which it is in that register
   */
  #locate(layer, at) {
    const e = this.#layers[layer].located;
    const walk = this.#shape.located_cycles[layer];
    const issued = Math.max(at, e[2] - 1);
    e[1] = issued + 1;
    for (let k = 2; k <= walk; k++) e[k] = Math.max(e[k - 1] + 1, e[k + 1]);
    return [issued, e[walk]];
  }

  /**
   * The walk of a dense layer: over all groups; over the first alone while its rows come; over the
   * others.
   *
   * @param {number} layer
   * @param {number} firstGroup
   * @param {number} rows
   * @param {number} steps
   * @param {boolean} takesRow
   * @param {boolean} ends
   * @returns {Visit[]}
   */
  #walked(layer, firstGroup, rows, steps, takesRow, ends) {
    const groups = this.#shape.groups[layer];
    const last = layer === this.#shape.n_out.length - 1;
    const visits = [];
    for (let group = firstGroup; group < (takesRow || ends ? 1 : groups); group++) {
      const closes = group === groups - 1;
      for (let index = 0; index < rows; index++) {
        const fires = index === 0 && (steps > 0 || ends) && !last;
        const decides = last && closes && index === 0 && steps !== 0;
        visits.push({ position: 0, group, fires, closes, decides });
      }
    }
    return visits;
  }

  /**
   * The walk of a layer that convolves: over the positions reached so far, then those of the row.
   *
   * @param {number} layer
   * @param {number} steps
   * @param {boolean} takesRow
   * @param {boolean} ends
   * @param {number} address
   * @returns {Visit[]}
   */
  #reached(layer, steps, takesRow, ends, address) {
    const { listed } = this.#layers[layer];
    const kind = /** @type {import("./layer.js").Convolution} */ (this.#kinds[layer]);
    const groups = Array.from({ length: this.#shape.groups[layer] }, (_, group) => group);
    /** @type {(fires: boolean) => (position: number) => Visit[]} */
    const all = (fires) => (position) =>
      groups.map((group) => ({ position, group, fires, closes: false, decides: false }));
    const none = all(true)(0).slice(0, 1);
    let visits = /** @type {Visit[]} */ ([]);
    if (ends) visits = none;
    else if (steps > 0) visits = listed.size ? Array.from(listed).flatMap(all(true)) : none;
    if (visits.length) visits[visits.length - 1].closes = true;
    if (!takesRow) return visits;
    const reached = Array.from(kind.reached(address));
    for (const position of reached) listed.add(position);
    return visits.concat(reached.flatMap(all(false)));
  }

  /**
   * One operation from the sequencer to the lanes.
   *
   * @param {number} layer
   * @param {number} at
   * @param {number} fetched its word is not there before
   * @param {number} ready it does not leave the lanes before
   * @returns {[number, number]} the cycle of its issue, and that in which it leaves the lanes
   */
  #issue(layer, at, fetched, ready) {
    const state = this.#layers[layer];
    const e = state.registers;
    const stages = this.#shape.stages[layer];
    const issued = Math.max(at, e[2] - 1);
    e[1] = issued + 1;
    for (let k = 2; k <= stages; k++) {
      e[k] = Math.max(e[k - 1] + 1, e[k + 1]);
      if (k === this.#shape.fetching[layer]) e[k] = Math.max(e[k], fetched);
    }
    const leaves = Math.max(e[stages], ready);
    e[stages + 1] = leaves + 1;
    state.next = issued + 1;
    return [issued, leaves];
  }

  /**
   * A mask of fired lanes is searched, block by block, and what is found goes to the next layer.
   *
   * @param {number} layer
   * @param {Visit} visit
   * @param {number} steps
   * @param {number} left the cycle in which the mask leaves the lanes
   * @param {boolean} ends
   */
  #serialise(layer, visit, steps, left, ends) {
    const { latency, ...shape } = this.#shape;
    const state = this.#layers[layer];
    const beats = this.#maskBeats(layer, visit, steps);
    if (shape.window[layer]) state.arrived.push(...beats.flatMap(({ neuron }) => neuron ?? []));
    const places = shape.mask_fifo_depth[layer];
    const sends = shape.sends[layer];
    let offer;
    if (places) {
      const empty = sends === 1 ? state.maskFree : state.blockFree;
      const departure = Math.max(left + latency.MASK_CHECK, empty);
      state.places[state.masks++ % shape.mask_fifo_depth[layer]] = departure;
      offer = departure + (sends > 1 ? latency.FIRST_BEAT : latency.BLOCK_SEARCH);
    } else {
      offer = Math.max(left, state.blockFree) + latency.FIRST_BEAT;
      state.skidFree = offer;
    }
    let found = offer;
    for (const [beat, { block, neuron }] of beats.entries()) {
      if (places && sends === 1 && (beat === 0 || block !== beats[beat - 1].block)) {
        state.maskFree = Math.max(found, state.blockFree);
        found = offer = state.maskFree + latency.FIRST_BEAT;
      }
      /** @type {number} */
      let gone = offer;
      if (!shape.window[layer] && (block >= 0 || visit.closes || ends)) {
        const kind = ends ? END : block >= 0 ? SPIKE : ADVANCE;
        gone = this.push(layer + 1, kind, state.now, neuron ?? 0, offer);
        if (this.decided >= 0) return;
      }
      state.blockFree = gone;
      offer = gone + 1;
    }
  }

  /**
   * A window's queue is released: its spikes in order of time and then of arrival, then the promise.
   *
   * @param {number} layer
   * @param {number} steps
   * @param {boolean} ends
   */
  #release(layer, steps, ends) {
    const { latency, release_cycles, queued_cycles } = this.#shape;
    const state = this.#layers[layer];
    let empty = state.blockFree + release_cycles[layer];
    let offer = state.blockFree + queued_cycles[layer];
    const spikes = this.#spikes[layer];
    for (const neuron of state.arrived.sort((a, b) => spikes[a] - spikes[b])) {
      /** @type {number} */
      const gone = this.push(layer + 1, SPIKE, spikes[neuron], neuron, offer);
      if (this.decided >= 0) return;
      empty = gone + 1;
      offer = gone + latency.QUEUE_SELECT;
    }
    state.arrived = [];
    const gone = this.push(layer + 1, ends ? END : ADVANCE, state.now, 0, empty);
    state.promised = gone + latency.DONE;
  }

  /**
   * @param {number} layer
   * @param {Visit} visit
   * @param {number} steps
   * @returns {{block: number, neuron?: number}[]} block and neuron of each beat of a group's mask;
   *     without a beat the only block is -1, and spikes that are sent together are not told apart
   */
  #maskBeats(layer, { position, group }, steps) {
    const { lanes, sends, n_out, positions, serialiser_block } = this.#shape;
    const spikes = this.#spikes[layer];
    const first = group * lanes[layer];
    const columns = n_out[layer] / positions[layer];
    const banks = new Array(sends[layer]).fill(0);
    const beats = [];
    for (let lane = 0; lane < Math.min(lanes[layer], columns - first); lane++) {
      const neuron = (first + lane) * positions[layer] + position;
      if (!this.#fired(spikes[neuron], layer, steps)) continue;
      banks[lane % sends[layer]]++;
      beats.push({ block: Math.floor(lane / serialiser_block), neuron });
    }
    if (!beats.length) return [{ block: -1 }];
    return sends[layer] > 1 ? new Array(Math.max(...banks)).fill({ block: 0 }) : beats;
  }

  /**
   * @param {number} tick
   * @param {number} layer
   * @param {number} steps
   * @returns {boolean} whether it is in the ticks by which the layer has advanced
   */
  #fired(tick, layer, steps) {
    const { now } = this.#layers[layer];
    return now - steps < tick && tick <= now;
  }
}
