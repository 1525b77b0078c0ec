// SPDX-License-Identifier: BSD-2-Clause
/**
 * The integer model: golden/integer.py and golden/layers/by_events.py, one spike a neuron, in JavaScript.
 *
 *     one tick:                      M += S
 *     input spike of weight w at z:  S += w
 *     the neuron fires at the first tick z with M(z) >= 0
 *
 * Between two events M is linear in the tick, so the crossing in between is one division. S and M
 * are integers in doubles; networks for which that would not be exact get no page.
 *
 * @typedef {object} Network
 * @property {Int8Array[]} weights by layer, [n_in, n_out] row by row
 * @property {number[]} sizes neurons of each layer
 * @property {number[]} thresholds by layer
 * @property {number} unit ticks that are z = 1
 * @property {number} deadline the last tick
 *
 * @typedef {ArrayLike<number>} Ticks the spike tick of each neuron or input, 0 for silent
 *
 * @typedef {object} Trace
 * @property {Ticks[]} spikes of the inputs, then of each layer, all run on to the deadline
 * @property {number} decision the class
 * @property {number} tick of the decision
 * @property {boolean} forced whether no output fired and the largest M won
 * @property {number[]} spikesIn by layer, its inputs that spiked before the decision
 */

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
    const fired = layerSpikes(network, layer, spikes[layer]);
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
 * @param {Network} network
 * @param {number} layer
 * @param {Ticks} ticks of its inputs
 * @returns {{spikes: Int32Array, M: Float64Array}} M at the spike, or at the deadline
 */
function layerSpikes(network, layer, ticks) {
  const { deadline } = network;
  const count = network.sizes[layer];
  const weights = network.weights[layer];
  const order = inOrderOfTime(ticks);
  const S = new Float64Array(count).fill(-network.thresholds[layer]);
  const M = new Float64Array(count);
  const spikes = new Int32Array(count);
  const atSpike = new Float64Array(count);
  for (let now = 0, event = 0; now < deadline; ) {
    const then = event < order.length ? ticks[order[event]] : deadline;
    for (let j = 0; j < count; j++) {
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
      const row = order[event] * count;
      for (let j = 0; j < count; j++) S[j] += weights[row + j];
    }
  }
  spikes.forEach((tick, j) => {
    if (!tick) atSpike[j] = M[j];
  });
  return { spikes, M: atSpike };
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
 * The membrane of one neuron: the corners of the line M(z), from tick 0 to the deadline.
 *
 * @param {Network} network
 * @param {number} layer
 * @param {number} neuron
 * @param {Ticks} ticks of the layer's inputs
 * @returns {[number, number][]} tick and M
 */
export function membrane(network, layer, neuron, ticks) {
  const count = network.sizes[layer];
  /** @type {[number, number][]} */
  const corners = [[0, 0]];
  let S = -network.thresholds[layer];
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
    S += network.weights[layer][row * count + neuron];
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
