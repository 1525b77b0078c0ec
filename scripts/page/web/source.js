// SPDX-License-Identifier: BSD-2-Clause
/**
 * How an image comes into a core, as events or as the words of a bitmap, and the cycles that it
 * then takes: the rest of golden/timing/replica.py in JavaScript.
 *
 * @typedef {object} Core
 * @property {string} board or boards
 * @property {number | null} hz its clock, null where none is known
 * @property {string} layout lanes, rows and clock, for people
 * @property {number | null} bitmap bits of a word; null for events
 * @property {import("./cycles.js").Shape} shape
 */
import { END, Layers, SPIKE } from "./cycles.js";
import { inOrderOfTime } from "./ticks.js";

/**
 * @param {import("./model.js").Network} network
 * @param {Core} core
 * @param {import("./model.js").Trace} trace
 * @returns {number} clock cycles from the first word to the decision
 */
export function cyclesOf(network, core, trace) {
  const layers = new Layers(core.shape, network.layers, trace.spikes.slice(1, -1), trace.tick);
  const intake = new Intake(core.shape, layers);
  const ticks = trace.spikes[0];
  if (core.bitmap === null) takeEvents(core.shape, intake, ticks);
  else if (core.shape.rows[0] > 1) takeBanks(core.shape, intake, ticks, core.bitmap);
  else takeBitmap(core.shape, intake, ticks, core.bitmap);
  return layers.decided;
}

class Intake {
  #e;
  #layers;

  /**
   * @param {import("./cycles.js").Shape} shape
   * @param {Layers} layers
   */
  constructor(shape, layers) {
    this.#layers = layers;
    this.#e = new Array(shape.latency.INGRESS_CHECK + 2).fill(0);
  }

  /**
   * Offer an event from a cycle on.
   *
   * @param {number} kind
   * @param {number} tick
   * @param {number} address
   * @param {number} offered
   * @returns {number} the cycle it is taken in
   */
  take(kind, tick, address, offered) {
    const e = this.#e;
    const stages = e.length - 2;
    const taken = Math.max(offered, e[2] - 1);
    e[1] = taken + 1;
    for (let k = 2; k <= stages; k++) e[k] = Math.max(e[k - 1] + 1, e[k + 1]);
    e[stages + 1] = this.#layers.push(0, kind, tick, address, e[stages]) + 1;
    return taken;
  }
}

/**
 * In every event a row of each bank that has any left at its tick.
 *
 * @param {import("./cycles.js").Shape} shape
 * @param {Intake} intake
 * @param {import("./model.js").Ticks} ticks
 */
function takeEvents(shape, intake, ticks) {
  const order = inOrderOfTime(ticks);
  const banks = new Array(shape.rows[0]).fill(0);
  let offered = 0;
  order.forEach((row, place) => {
    const tick = ticks[row];
    banks[row % banks.length]++;
    if (place + 1 < order.length && ticks[order[place + 1]] === tick) return;
    for (const address of order.slice(place + 1 - Math.max(...banks), place + 1)) {
      offered = intake.take(SPIKE, tick, address, offered) + 1;
    }
    banks.fill(0);
  });
  intake.take(END, 0, 0, offered);
}

/**
 * A register for a word, and one for the pixel whose row is looked up.
 *
 * @param {import("./cycles.js").Shape} shape
 * @param {Intake} intake
 * @param {import("./model.js").Ticks} ticks
 * @param {number} bitmap
 */
function takeBitmap(shape, intake, ticks, bitmap) {
  const { ENCODER_WORD, ENCODER_ROW } = shape.latency;
  const words = Math.ceil(ticks.length / bitmap);
  const places = Array.from(ticks, (_, row) => row);
  let [wordOffered, wordFree, rowFree, at] = [0, 0, 0, 0];
  for (let word = 0; word < words; word++) {
    const bright = places.slice(word * bitmap, (word + 1) * bitmap).filter((row) => ticks[row]);
    if (word < words - 1 && !bright.length) {
      wordOffered++;
      continue;
    }
    const taken = Math.max(wordOffered, wordFree);
    wordOffered = taken + 1;
    at = taken + ENCODER_WORD;
    for (const row of bright) {
      wordFree = Math.max(at, rowFree);
      at = wordFree + 1;
      rowFree = intake.take(SPIKE, ticks[row], row, wordFree + ENCODER_ROW);
    }
  }
  intake.take(END, 0, 0, Math.max(at, rowFree) + ENCODER_ROW);
}

/**
 * Every bank searches its own part of the words, which wait for it: cycle by cycle.
 *
 * @param {import("./cycles.js").Shape} shape
 * @param {Intake} intake
 * @param {import("./model.js").Ticks} ticks
 * @param {number} bitmap
 */
function takeBanks(shape, intake, ticks, bitmap) {
  const banks = Array.from({ length: shape.rows[0] }, () => ({ ahead: 0, held: -1, left: 0 }));
  const final = Math.ceil(ticks.length / bitmap) - 1;
  const bright = Array.from({ length: final + 1 }, () => banks.map(() => 0));
  const spiking = inOrderOfTime(ticks);
  for (const row of spiking) bright[Math.floor(row / bitmap)][row % banks.length]++;
  const tick = spiking.length ? ticks[spiking[0]] : 0;
  let free = 0; // when the register of the event can be loaded
  for (let cycle = 0; ; cycle++) {
    const step = cycle >= free;
    const some = banks.some((bank) => bank.left > 0);
    if (step && !some && banks.every((bank) => bank.held === final)) {
      intake.take(END, 0, 0, cycle + shape.latency.ENCODER_ROW);
      return;
    }
    if (step && some) free = intake.take(SPIKE, tick, 0, cycle + shape.latency.ENCODER_ROW);
    for (const [number, bank] of banks.entries()) {
      let used = bank.held < 0;
      if (step && bank.left > 0) used = --bank.left === 0;
      if (!used || bank.held === final) continue;
      let word = bank.ahead;
      while (word < final && word <= cycle && bright[word][number] === 0) word++;
      Object.assign(bank, { ahead: word, held: -1, left: 0 });
      if (word <= cycle) {
        Object.assign(bank, { ahead: word + 1, held: word, left: bright[word][number] });
      }
    }
  }
}
