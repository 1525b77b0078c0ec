// SPDX-License-Identifier: BSD-2-Clause
/**
 * How an image differs from the digits of MNIST: golden/data/typical_digits.py, which gives the reasons,
 * in JavaScript. What is usual is told.
 *
 * @typedef {object} Usual
 * @property {number} fewest share of the connected inputs that spike
 * @property {number} most
 * @property {number} latest tick of the decision
 * @property {number} lead of the class before the next output, in units of threshold and z
 */
import { potentialAt } from "./model.js";

/**
 * @param {Usual} usual
 * @param {import("./model.js").Network} network
 * @param {import("./model.js").Trace} trace
 * @param {[number, number][][]} membranes of the outputs
 * @returns {string[]} what is unusual, in words
 */
export function remarks(usual, network, trace, membranes) {
  const { fewest, most, latest, lead } = usual;
  const inputs = Array.from(trace.spikes[0]);
  const share = inputs.filter(Boolean).length / inputs.length;
  const M = membranes.map((corners) => potentialAt(corners, trace.tick)).sort((a, b) => b - a);
  const threshold = network.thresholds[network.thresholds.length - 1];
  const ahead = (M[0] - M[1]) / (threshold * network.unit);
  const found = [];
  const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(1)}%`;
  if (share < fewest || share > most) {
    found.push(
      `${percent(share)} of the inputs spike, of digits ${percent(fewest)} to ${percent(most)}`,
    );
  }
  if (trace.tick > latest) {
    found.push(`it is decided at tick ${trace.tick}, digits by ${Math.floor(latest)}`);
  }
  if (ahead < lead) {
    found.push(
      `the class is ahead of the next by a potential of ${ahead.toFixed(2)}, of digits by ` +
        `${lead.toFixed(2)} and more`,
    );
  }
  return found;
}
