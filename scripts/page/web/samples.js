// SPDX-License-Identifier: BSD-2-Clause
/** Inputs without a pen: a control for each column of a table, and test samples by a click. */
import { element } from "./element.js";
import { rowOf } from "./unpack.js";

/**
 * @typedef {object} Choice a column of texts: its features are 0, but for the one of its text
 * @property {string} column
 * @property {number} first its first feature
 * @property {string[]} texts of its features
 * @property {boolean} missing whether its text may be missing, so that all its features are 0
 *
 * @typedef {{first: number, values: number[]}} Moved features from the first on, and their values
 * @typedef {(values: ArrayLike<number>) => void} Shows
 */

/**
 * @param {Choice[]} choices
 * @param {number} feature
 */
export function choiceOf(choices, feature) {
  return choices.find(({ first, texts }) => first <= feature && feature < first + texts.length);
}

/**
 * A slider for each feature, but one list for all features of a column of texts.
 *
 * @param {number[][]} edges of each feature
 * @param {string[]} names of the features
 * @param {Choice[]} choices
 * @param {(moved: Moved) => void} moved
 * @returns {Shows} shows other values
 */
export function controls(edges, names, choices, moved) {
  const shown = edges.map((places, feature) => {
    const choice = choiceOf(choices, feature);
    if (!choice) return slider(places, names[feature], feature, moved);
    return choice.first === feature ? list(choice, moved) : () => {};
  });
  return (values) => shown.forEach((show) => show(values));
}

/**
 * @param {number[]} places edges of the feature
 * @param {string} name
 * @param {number} feature
 * @param {(moved: Moved) => void} moved
 * @returns {Shows}
 */
function slider(places, name, feature, moved) {
  const [low, high] = [places[0], places[places.length - 1]];
  const room = (high - low) / Math.max(1, places.length - 1) || 1;
  const value = document.createElement("output");
  const control = Object.assign(document.createElement("input"), { type: "range", step: "any" });
  Object.assign(control, { min: String(low - room), max: String(high + room) });
  control.addEventListener("input", () => {
    value.textContent = short(Number(control.value));
    moved({ first: feature, values: [Number(control.value)] });
  });
  add(feature, name, value, control);
  return (values) => {
    control.value = String(values[feature]);
    value.textContent = short(values[feature]);
  };
}

/**
 * @param {Choice} choice
 * @param {(moved: Moved) => void} moved
 * @returns {Shows}
 */
function list({ column, first, texts, missing }, moved) {
  const control = document.createElement("select");
  for (const text of missing ? [...texts, "(missing)"] : texts) control.add(new Option(text));
  control.addEventListener("change", () => {
    moved({ first, values: texts.map((_, at) => Number(at === control.selectedIndex)) });
  });
  add(first, column, control);
  return (values) => {
    const chosen = texts.findIndex((_, at) => values[first + at] === 1);
    control.selectedIndex = chosen < 0 ? texts.length : chosen;
  };
}

/**
 * @param {number} feature
 * @param {string} name
 * @param {HTMLElement[]} shown the last one is the control
 */
function add(feature, name, ...shown) {
  const label = document.createElement("label");
  shown[shown.length - 1].id = label.htmlFor = `feature-${feature}`; // else it would name the output
  label.append(`${name} `, ...shown);
  element("sliders").append(label);
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
