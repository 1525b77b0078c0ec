// SPDX-License-Identifier: BSD-2-Clause
/** The page checks itself: every sample it holds, against what the golden model made of it. */
import { cyclesOf } from "./source.js";
import { run } from "./model.js";
import { rowOf } from "./unpack.js";

/**
 * @typedef {object} Expected of n samples
 * @property {number[]} decision
 * @property {number[]} tick
 * @property {boolean[]} forced
 * @property {number[][]} spikesIn
 * @property {import("./unpack.js").Numbers[]} hidden of each hidden layer, [n, n_out]
 * @property {number[][]} cycles of each core
 */

/**
 * @param {import("./model.js").Network} network
 * @param {import("./encoding.js").Encoding} encoding
 * @param {import("./source.js").Core[]} cores
 * @param {import("./unpack.js").Numbers} samples
 * @param {Expected} expected
 * @returns {{samples: number, spikes: number, differences: number}}
 */
export function checked(network, encoding, cores, samples, expected) {
  const count = expected.decision.length;
  let [differences, spikes] = [0, 0];
  for (let at = 0; at < count; at++) {
    const trace = run(network, encoding.ticks(rowOf(samples, samples.length / count, at)));
    const hidden = expected.hidden.map((ticks, layer) => rowOf(ticks, network.sizes[layer], at));
    const equal =
      trace.decision === expected.decision[at] &&
      trace.tick === expected.tick[at] &&
      trace.forced === expected.forced[at] &&
      same(trace.spikesIn, expected.spikesIn[at]) &&
      hidden.every((ticks, layer) => same(trace.spikes[layer + 1], ticks)) &&
      cores.every((core, number) => cyclesOf(network, core, trace) === expected.cycles[number][at]);
    if (!equal) differences++;
    spikes += trace.spikesIn.reduce((sum, some) => sum + some, 0);
  }
  return { samples: count, spikes, differences };
}

/**
 * @param {ArrayLike<number>} one
 * @param {ArrayLike<number>} other
 */
function same(one, other) {
  return one.length === other.length && Array.from(one).every((value, at) => value === other[at]);
}
