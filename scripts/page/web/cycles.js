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
 * @property {number[]} stages
 * @property {number[]} fetching
 * @property {boolean[]} places
 * @property {number[]} rows
 * @property {number[]} sends
 * @property {number[]} release
 * @property {number[]} queued
 * @property {number} decision
 * @property {number} deadline
 * @property {number} drain_block
 * @property {number} mask_places
 * @property {Record<string, number>} latency
 *
 * @typedef {import("./model.js").Ticks} Ticks
 */

export const SPIKE = 0;
export const ADVANCE = 1;
export const END = 2;
const BEGINS = -1; // in the place of a walk's steps: the first of an image advances by none

/** The layers of a core while they work on one image. */
export class Layers {
  /** The cycle of the decision, -1 before. */
  decided = -1;
  #shape;
  #spikes;
  #decisionTick;
  #layers;

  /**
   * @param {Shape} shape
   * @param {Ticks[]} spikes of each hidden layer
   * @param {number} decisionTick
   */
  constructor(shape, spikes, decisionTick) {
    this.#shape = shape;
    this.#spikes = spikes;
    this.#decisionTick = decisionTick;
    this.#layers = shape.n_out.map((_, layer) => ({
      registers: new Array(shape.stages[layer] + 2).fill(0),
      places: new Array(shape.mask_places).fill(0),
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
   * @param {number} offered
   * @returns {number} the cycle in which it is taken
   */
  push(layer, kind, tick, offered) {
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
    for (;;) {
      const lag = state.started ? target - state.now : -1;
      let [firstGroup, rows, steps, takesRow, ends] = [0, 1, 0, false, false];
      if ((lag > 0 || (lag === 0 && kind === END)) && state.beats && groups > 1) {
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
      } else if (kind === SPIKE) {
        if (state.beats === 0) state.opening = 0;
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
      if (window && (ends || (firstGroup === 0 && steps > 0))) at = Math.max(at, state.promised);

      let begun = -1;
      const walked = takesRow || ends ? 1 : groups;
      for (let group = firstGroup; group < walked; group++) {
        const closes = group === groups - 1;
        for (let index = 0; index < rows; index++) {
          const fires = index === 0 && (steps > 0 || ends) && !last;
          const freed = state.places[state.masks % shape.mask_places] + latency.FREED;
          const fetched = fires && shape.places[layer] ? freed + 1 : 0;
          const ready = fires && !shape.places[layer] ? state.skidFree : 0;
          const [issued, left] = this.#issue(layer, at, fetched, ready);
          at = issued + 1;
          if (begun < 0) begun = issued;
          const potentials = last && closes && index === 0 && steps !== 0;
          if (potentials && state.now === this.#decisionTick) {
            this.decided = left + latency.POTENTIALS + shape.decision;
            return taken;
          }
          if (fires) this.#drain(layer, group, steps, left, closes, ends);
          if (this.decided >= 0) return taken;
        }
      }
      if (window && (ends || (steps > 0 && !takesRow))) {
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
   * @param {number} group
   * @param {number} steps
   * @param {number} left the cycle in which the mask leaves the lanes
   * @param {boolean} closes whether it is the last of the walk
   * @param {boolean} ends
   */
  #drain(layer, group, steps, left, closes, ends) {
    const { latency, ...shape } = this.#shape;
    const state = this.#layers[layer];
    const blocks = this.#maskBeats(layer, group, steps);
    const places = shape.places[layer];
    const sends = shape.sends[layer];
    let offer;
    if (places) {
      const empty = sends === 1 ? state.maskFree : state.blockFree;
      const takenOut = Math.max(left + latency.DRAIN_PLACE, empty);
      state.places[state.masks++ % shape.mask_places] = takenOut;
      offer = takenOut + (sends > 1 ? latency.DRAIN_BEAT : latency.DRAIN_BLOCKS);
    } else {
      offer = Math.max(left, state.blockFree) + latency.DRAIN_BEAT;
      state.skidFree = offer;
    }
    let found = offer;
    for (const [beat, block] of blocks.entries()) {
      if (places && sends === 1 && (beat === 0 || block !== blocks[beat - 1])) {
        state.maskFree = Math.max(found, state.blockFree);
        found = offer = state.maskFree + latency.DRAIN_BEAT;
      }
      /** @type {number} */
      let gone = offer;
      if (!shape.window[layer] && (block >= 0 || closes || ends)) {
        const kind = ends ? END : block >= 0 ? SPIKE : ADVANCE;
        gone = this.push(layer + 1, kind, state.now, offer);
        if (this.decided >= 0) return;
      }
      state.blockFree = gone;
      offer = gone + 1;
    }
  }

  /**
   * A window's queue is released: its spikes in order of time, then the promise.
   *
   * @param {number} layer
   * @param {number} steps
   * @param {boolean} ends
   */
  #release(layer, steps, ends) {
    const { latency, release, queued } = this.#shape;
    const state = this.#layers[layer];
    let empty = state.blockFree + release[layer];
    let offer = state.blockFree + queued[layer];
    const ticks = Array.from(this.#spikes[layer]).filter((tick) => this.#fired(tick, layer, steps));
    for (const tick of ticks.sort((a, b) => a - b)) {
      /** @type {number} */
      const gone = this.push(layer + 1, SPIKE, tick, offer);
      if (this.decided >= 0) return;
      empty = gone + 1;
      offer = gone + latency.QUEUE_SELECT;
    }
    const gone = this.push(layer + 1, ends ? END : ADVANCE, state.now, empty);
    state.promised = gone + latency.DONE;
  }

  /**
   * @param {number} layer
   * @param {number} group
   * @param {number} steps
   * @returns {number[]} the block of each beat of a group's mask, -1 for none
   */
  #maskBeats(layer, group, steps) {
    const { lanes, sends, n_out, drain_block } = this.#shape;
    const first = group * lanes[layer];
    const banks = new Array(sends[layer]).fill(0);
    const blocks = [];
    for (let lane = 0; lane < Math.min(lanes[layer], n_out[layer] - first); lane++) {
      if (!this.#fired(this.#spikes[layer][first + lane], layer, steps)) continue;
      banks[lane % sends[layer]]++;
      blocks.push(Math.floor(lane / drain_block));
    }
    if (!blocks.length) return [-1];
    return sends[layer] > 1 ? new Array(Math.max(...banks)).fill(0) : blocks;
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
