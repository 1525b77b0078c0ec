// SPDX-License-Identifier: BSD-2-Clause
/** One neuron: its weights as a picture, and what it does with this input. */
import { canvas, colour, element, input } from "./element.js";
import { Convolution } from "./layer.js";
import { Mosaic } from "./mosaic.js";
import { paintPixels } from "./picture.js";

/**
 * @typedef {object} About
 * @property {import("./model.js").Network} network
 * @property {number[]} inputs the connected ones
 * @property {import("./picture.js").View | null} view of an image
 * @property {string[]} names of the inputs of a table
 * @property {string[]} classes
 */

export class Neuron {
  layer = 0;
  number = 0;
  #about;
  #changed;

  /**
   * @param {About} about
   * @param {() => void} changed
   */
  constructor(about, changed) {
    this.#about = about;
    this.#changed = changed;
    const { sizes } = about.network;
    const layers = /** @type {HTMLSelectElement} */ (element("layer"));
    sizes.forEach((size, layer) => {
      const name = layer === sizes.length - 1 ? "outputs" : `hidden ${layer + 1}`;
      layers.add(new Option(`${name} (${size})`, String(layer)));
    });
    const given = () => this.choose(Number(layers.value), Number(input("neuron").value));
    layers.addEventListener("change", given);
    input("neuron").addEventListener("input", given);
  }

  /**
   * @param {number} layer
   * @param {number} number
   */
  choose(layer, number) {
    const { sizes } = this.#about.network;
    this.layer = layer;
    this.number = Math.min(Math.max(Math.floor(number) || 0, 0), sizes[layer] - 1);
    /** @type {HTMLSelectElement} */ (element("layer")).value = String(layer);
    input("neuron").max = String(sizes[layer] - 1);
    input("neuron").value = String(this.number);
    input("dead").disabled = layer === sizes.length - 1;
    this.#changed();
  }

  /**
   * @param {import("./model.js").Trace} trace
   * @param {boolean} dead
   */
  paint(trace, dead) {
    const { network, classes } = this.#about;
    const { layer, number } = this;
    const outputs = layer === network.sizes.length - 1;
    const tick = trace.spikes[layer + 1][number];
    const kind = network.layers[layer];
    const place = kind instanceof Convolution ? ` (${kind.placeOf(number)})` : "";
    const name = outputs ? `Output ${classes[number]}` : `Neuron ${number}${place}`;
    let said = tick ? `${name} spikes at tick ${tick}, z = ${(tick / network.unit).toFixed(2)}` : `${name} stays silent`;
    if (dead) said = `${name} is dead`;
    else if (tick > trace.tick) said += ", too late: the decision has been made";
    if (!outputs && layer === network.sizes.length - 2) {
      const count = classes.length;
      const { weights } = network.layers[layer + 1];
      const speaks = Array.from(weights.subarray(number * count, (number + 1) * count));
      const most = speaks.indexOf(Math.max(...speaks));
      said += `. It speaks most for ${classes[most]}, by a weight of ${speaks[most]}`;
    }
    element("about").textContent = `${said}.`;
    input("dead").checked = dead;
    this.#paintWeights();
  }

  #paintWeights() {
    const { network, inputs, view, names } = this.#about;
    const { layer, number } = this;
    const kind = network.layers[layer];
    const column = kind.weightsOf(number);
    const most = column.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
    const [back, pull, push, card] = ["faint", "pull", "push", "card"].map(colour);
    const square = Math.ceil(Math.sqrt(column.length));
    /** @type {[number, number]} */
    const shape = kind instanceof Convolution ? kind.kernel : [Math.ceil(column.length / square), square];
    const kernels = new Mosaic(kind instanceof Convolution ? kind.maps : 1, shape, 1);
    let { height, width } = kernels;
    /** @type {(x: number, y: number) => number | undefined} */
    let weightAt = (x, y) => column[kernels.indexAt(x, y)];
    if (layer === 0 && view) {
      ({ height, width } = view);
      const weights = new Map(kind.seen(number).map(([input, weight]) => [inputs[input], weight]));
      weightAt = (x, y) => weights.get(view.indexAt(x, y));
    }
    const named = layer === 0 && names.length > 0;
    canvas("weights").hidden = named;
    element("named").hidden = !named;
    if (named) return this.#nameWeights(column);
    canvas("weights").parentElement?.classList.toggle("bare", layer > 0); // no axes there
    paintPixels(canvas("weights"), height, width, (x, y) => {
      const weight = weightAt(x, y);
      if (weight === undefined) return back;
      const share = Math.round((100 * Math.abs(weight)) / most);
      return `color-mix(in srgb, ${weight < 0 ? push : pull} ${share}%, ${card})`;
    });
  }

  /**
   * List the weights of inputs that have names, the largest first.
   *
   * @param {number[]} column
   */
  #nameWeights(column) {
    const order = [...column.keys()].sort((a, b) => Math.abs(column[b]) - Math.abs(column[a]));
    const most = Math.abs(column[order[0]]) || 1;
    element("named").replaceChildren(
      ...order.map((input) => {
        const weight = column[input];
        const row = document.createElement("li");
        const bar = Object.assign(document.createElement("i"), { className: weight < 0 ? "push" : "pull" });
        bar.style.width = `${(100 * Math.abs(weight)) / most}%`;
        row.append(`${this.#about.names[input]}: ${weight}`, bar);
        return row;
      }),
    );
  }
}
