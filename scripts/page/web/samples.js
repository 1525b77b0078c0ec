// SPDX-License-Identifier: BSD-2-Clause
/** Inputs without a pen: a slider for each feature of a table, and test samples by a click. */
import { element } from "./element.js";
import { rowOf } from "./unpack.js";

/**
 * @param {number[][]} edges of each feature
 * @param {string[]} names of the features, or none
 * @param {(feature: number, value: number) => void} moved
 * @returns {(values: ArrayLike<number>) => void} shows other values
 */
export function sliders(edges, names, moved) {
  const shown = edges.map((places, feature) => {
    const [low, high] = [places[0], places[places.length - 1]];
    const room = (high - low) / Math.max(1, places.length - 1) || 1;
    const label = document.createElement("label");
    const value = document.createElement("output");
    const slider = Object.assign(document.createElement("input"), { type: "range", step: "any" });
    const id = `feature-${feature}`;
    Object.assign(slider, { id, min: String(low - room), max: String(high + room) });
    label.htmlFor = id; // else it would name the output, which comes first
    slider.addEventListener("input", () => {
      value.textContent = short(Number(slider.value));
      moved(feature, Number(slider.value));
    });
    label.append(`${names[feature] ?? `Feature ${feature + 1}`} `, value, slider);
    element("sliders").append(label);
    return { slider, value };
  });
  return (values) =>
    shown.forEach(({ slider, value }, feature) => {
      slider.value = String(values[feature]);
      value.textContent = short(values[feature]);
    });
}

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(4)));

/**
 * A button for each class, which takes the next sample of it.
 *
 * @param {import("./unpack.js").Numbers} samples
 * @param {(number | null)[]} labels
 * @param {string[]} classes
 * @param {(sample: import("./unpack.js").Numbers) => void} take
 */
export function chips(samples, labels, classes, take) {
  const width = samples.length / labels.length;
  const kinds = [...classes.keys(), null];
  for (const kind of kinds) {
    const places = labels.flatMap((label, at) => (label === kind ? [at] : []));
    if (!places.length) continue;
    const button = document.createElement("button");
    const name = kind === null ? "a sample" : classes[kind];
    Object.assign(button, { type: "button", textContent: name });
    button.setAttribute("aria-label", `Next test sample of ${name}`);
    let next = 0;
    button.addEventListener("click", () => {
      take(rowOf(samples, width, places[next++ % places.length]));
      element("sample").textContent = `A test sample${kind === null ? "" : ` of ${name}`}. Take another one:`;
    });
    element("chips").append(button);
  }
}
