// SPDX-License-Identifier: BSD-2-Clause
/**
 * The integer model: golden/integer.py, one spike per neuron, in JavaScript.
 *
 *     one tick:                      M += S
 *     input spike of weight w at z:  S += w
 *     the neuron fires at the first tick z with M(z) >= 0
 *
 * @typedef {object} Network
 * @property {import("./layer.js").Layer[]} layers of which the last one is dense
 * @property {number[]} sizes neurons of each layer
 * @property {number[]} thresholds by layer
 * @property {number} unit ticks that are z = 1
 * @property {number} deadline the last tick
 *
 * @typedef {import("./ticks.js").Ticks} Ticks
 *
 * @typedef {object} Trace
 * @property {Ticks[]} spikes of the inputs, then of each layer, all run on to the deadline
 * @property {number} decision the class
 * @property {number} tick of the decision
 * @property {boolean} forced whether no output fired and the largest M won
 * @property {number[]} spikesIn by layer, its inputs that spiked before the decision
 */
import { countUntil, inOrderOfTime } from "./ticks.js";

/**
 * @param {Network} network
 * @param {Ticks} ticks of the connected inputs
 * @param {(layer: number, neuron: number) => boolean} dead hidden neurons that never fire
 * @returns {Trace}
 */
export function run(network, ticks, dead = () => false) {
  const spikes = [ticks];
  const last = network.sizes.length - 1;
  let M = new Float64Array(0);
  for (let layer = 0; layer <= last; layer++) {
    const threshold = network.thresholds[layer];
    const fired = network.layers[layer].fired(threshold, network.deadline, spikes[layer]);
    if (layer < last) {
      fired.spikes.forEach((_, neuron) => {
        if (dead(layer, neuron)) fired.spikes[neuron] = 0;
      });
    }
    spikes.push(fired.spikes);
    M = fired.M;
  }
  const { decision, tick, forced } = decide(spikes[last + 1], M, network.deadline);
  const spikesIn = spikes.slice(0, -1).map((layer) => countUntil(layer, tick));
  return { spikes, decision, tick, forced, spikesIn };
}

/**
 * The first output to fire; in one tick the one with the larger M, then the lower index.
 *
 * @param {Ticks} spikes of the outputs
 * @param {Float64Array} M at them, or at the deadline
 * @param {number} deadline
 */
function decide(spikes, M, deadline) {
  const fired = Array.from(spikes).filter(Boolean);
  const forced = !fired.length;
  const tick = forced ? deadline : Math.min(...fired);
  let decision = -1;
  M.forEach((potential, j) => {
    const runs = forced || spikes[j] === tick;
    if (runs && (decision < 0 || potential > M[decision])) decision = j;
  });
  return { decision, tick, forced };
}

/**
 * The membrane of an output: the corners of the line M(z), from tick 0 to the deadline.
 *
 * @param {Network} network
 * @param {number} output
 * @param {Ticks} ticks of the last layer's inputs
 * @returns {[number, number][]} tick and M
 */
export function membrane(network, output, ticks) {
  const last = network.layers.length - 1;
  const weights = network.layers[last].weightsOf(output);
  /** @type {[number, number][]} */
  const corners = [[0, 0]];
  let S = -network.thresholds[last];
  let [now, M] = corners[0];
  /** @param {number} then */
  const advance = (then) => {
    if (then === now) return;
    M += S * (then - now);
    now = then;
    corners.push([now, M]);
  };
  for (const row of inOrderOfTime(ticks)) {
    advance(ticks[row]);
    S += weights[row];
  }
  advance(network.deadline);
  return corners;
}

/**
 * @param {[number, number][]} corners of a membrane
 * @param {number} z tick, whole or not
 * @returns {number} M there
 */
export function potentialAt(corners, z) {
  const right = corners.findIndex(([tick]) => tick >= z);
  if (right <= 0) return corners[right < 0 ? corners.length - 1 : 0][1];
  const [[from, low], [to, high]] = [corners[right - 1], corners[right]];
  return low + ((high - low) * (z - from)) / (to - from);
}
