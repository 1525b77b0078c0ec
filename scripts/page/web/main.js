// SPDX-License-Identifier: BSD-2-Clause
/** Puts the page together: what is drawn becomes spikes, the spikes a picture and an answer. */
import { checked } from "./check.js";
import { Clock } from "./clock.js";
import { cyclesOf } from "./source.js";
import { canvas, counted, element, input } from "./element.js";
import { encodingOf } from "./encoding.js";
import { Faults } from "./faults.js";
import { addAxes, Grid, viewOf } from "./picture.js";
import { Convolution, layerOf } from "./layer.js";
import { listen, listening } from "./listening.js";
import { Maps } from "./maps.js";
import { Neuron } from "./neuron.js";
import { Pad } from "./pad.js";
import { Race } from "./race.js";
import { run } from "./model.js";
import { photos, pictureOf } from "./photo.js";
import { Preparation } from "./preparation.js";
import { samplesOf } from "./recording.js";
import { chips, choiceOf, controls } from "./samples.js";
import { remarks } from "./usual.js";
import { rowOf, unpacked } from "./unpack.js";

const SETTLED = 500; // milliseconds without a change until the answer is spoken
const OFFER = element("sample").textContent; // of samples, while none is shown

const content = JSON.parse(element("content").textContent ?? "");
const packed = [...content.weights, content.samples, ...content.expected.hidden];
const arrays = await Promise.all(packed.map(unpacked));
const layers = content.sizes.length;
const kinds = await Promise.all(
  content.convolutions.map((/** @type {import("./layer.js").Told | null} */ told, /** @type {number} */ at) =>
    layerOf(/** @type {Int8Array} */ (arrays[at]), content.columns[at], told),
  ),
);
/** @type {import("./model.js").Network} */
const network = { ...content, layers: kinds };
const samples = arrays[layers];
const encoding = encodingOf(content.encoding);
/** @type {import("./check.js").Expected} */
const expected = { ...content.expected, hidden: arrays.slice(layers + 1) };
/** @type {import("./source.js").Core[]} */
const cores = content.cores;
/** @type {string[]} */
const classes = content.classes;

const faults = new Faults();
/**
 * The input before it is disturbed.
 *
 * @type {ArrayLike<number>}
 */
let sample = new Array(samples.length / expected.decision.length).fill(0);
/** @type {import("./model.js").Trace} */
let trace;
let waiting = false;
let speaking = 0;
/** The file of the photo on the pad. */
let photo = "";
/** What is said of a file that could not be read, until the input changes. */
let unread = "";

const clock = new Clock(() => paint());
const usual = Math.max(...expected.tick.filter((_, at) => !expected.forced[at]), 2 * network.unit);
const race = new Race(network, classes, usual, (layer, number) => neuron.choose(layer, number));
const first = network.layers[0];
const maps = first instanceof Convolution ? new Maps(first, (number) => neuron.choose(0, number)) : null;
const [height, width] = content.image ?? [1, 1];
const view = viewOf(height, width, content.sound);
const grid = new Grid(view, (at) => {
  sample = Uint8Array.from(sample, (pixel, place) => (place === at ? 255 - pixel : pixel));
  refresh();
});
/** @type {import("./samples.js").Choice[]} */
const choices = content.choices;
/** @type {string[]} */
const features = encoding.edges.map((_, at) => content.features[at] ?? `Feature ${at + 1}`);
const names = features.length ? encoding.names(features, (at) => Boolean(choiceOf(choices, at))) : [];
const about = { network, inputs: encoding.told.inputs, view: content.image && view, names, classes };
const neuron = new Neuron(about, () => trace && refresh());
const preparation = new Preparation(content.preparation);
const ground = { light: content.ground === "light", themed: Boolean(content.usual) };
const pad = new Pad(preparation, ground, () => {
  unread = "";
  sample = pad.pixels(height, width);
  later();
});
if (encoding.drawn) sample = new Array(height * width).fill(pad.blank);
/** The text below the pad while there is no other. */
const hint =
  `Or drop ${content.usual ? "a picture of a digit" : "an image"} here, or paste one.` +
  (content.ground ? "" : " Tick Dark on light if the network learned such images: its file does not tell.");
/** @type {(values: ArrayLike<number>) => void} */
let showValues = () => {};

/** Look at the input, which is no sample any more, anew before the next frame. */
function later() {
  element("sample").textContent = OFFER;
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    refresh();
  });
}

/** From the input to everything that is shown of it. */
function refresh() {
  const seen = encoding.drawn ? faults.flip(sample) : sample;
  const empty = encoding.drawn && pad.empty && Array.from(seen).every((pixel) => pixel === pad.blank);
  const ticks = encoding.ticks(seen).map((tick) => (empty ? 0 : tick)); // nothing is to be decided
  trace = run(network, faults.shake(ticks, network.deadline), isDead);
  race.show(trace);
  maps?.show(trace);
  if (encoding.drawn) grid.paint(encoding.seen(seen));
  answer();
  neuron.paint(trace, neuron.layer < layers - 1 && isDead(neuron.layer, neuron.number));
  showCores();
  clock.fit(race.begin, trace.tick, race.end, network.unit);
}

/**
 * @param {number} layer
 * @param {number} number of a neuron
 */
function isDead(layer, number) {
  return faults.isDead(layer, number, Math.floor(number / network.layers[layer].positions));
}

/** @param {ArrayLike<number>} undisturbed */
function traceOf(undisturbed) {
  return run(network, encoding.ticks(undisturbed));
}

/** Whether any input spikes; without one nothing is decided but by force. */
function anySpikes() {
  return Array.from(trace.spikes[0]).some(Boolean);
}

/** Say the class, at once to see and, when nothing changes any more, to hear. */
function answer() {
  const silent = !anySpikes();
  const name = classes[trace.decision];
  const spikes = trace.spikesIn.reduce((sum, some) => sum + some, 0);
  const z = (trace.tick / network.unit).toFixed(2);
  const how = trace.forced ? forcedAnswer(name) : `decided at tick ${trace.tick}, z = ${z}, after ${counted(spikes, "spike")}`;
  const yet = content.sound ? "No word is heard" : encoding.drawn ? "Nothing is drawn" : "No input spikes";
  if (silent) element("answer").textContent = `${yet} yet: ${counted(classes.length, "neuron", "wait")} to answer.`;
  else showAnswer("answer", name, how);
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    element("spoken").textContent = silent ? "" : `${name}, ${how}`;
    showFound();
  }, SETTLED);
}

/** @param {string} name of a class */
const forcedAnswer = (name) => `no output spiked up to the deadline, and ${name} came nearest`;

/**
 * @param {string} id
 * @param {string} name of a class
 * @param {string} how it was decided
 */
function showAnswer(id, name, how) {
  const bold = Object.assign(document.createElement("b"), { textContent: name });
  element(id).replaceChildren("It is ", bold, `: ${how}.`);
}

/** Say what is on the photo, and how the input differs from a digit. */
function showFound() {
  const { ink } = pad;
  const found = unread ? [unread] : [];
  if (ink === null) found.push(`${photo}: nothing is on it.`);
  else if (ink) found.push(`${photo}: ${ink} ink on ${ink === "dark" ? "light" : "dark"} ground.`);
  const unlike = content.usual && anySpikes() ? remarks(content.usual, network, trace, race.membranes) : [];
  if (unlike.length) found.push(`Unlike a digit: ${unlike.join("; ")}.`);
  element("found").textContent = found.join(" ") || hint;
}

/** Clock cycles and time of this input on each core, the fastest first. */
function showCores() {
  const rows = cores.map((core) => {
    // A bitmap in front of the core has all spikes at one tick: jittered ones do not come that way.
    const cycles = core.bitmap === null || !faults.jitter ? cyclesOf(network, core, trace) : NaN;
    return { core, cycles, time: core.hz ? (cycles * 1e6) / core.hz : NaN };
  });
  rows.sort((a, b) => a.time - b.time || 0);
  element("cores").replaceChildren(
    ...rows.map(({ core, cycles, time }) => {
      const said = [
        core.board,
        Number.isNaN(cycles) ? "\u2013" : cycles.toLocaleString("en"),
        Number.isNaN(time) ? "\u2013" : `${time.toFixed(2)} \u00b5s`,
      ];
      const cells = said.map((text) => Object.assign(document.createElement("td"), { textContent: text }));
      cells[0].append(Object.assign(document.createElement("small"), { textContent: core.layout }));
      const row = document.createElement("tr");
      row.append(...cells);
      return row;
    }),
  );
}

/** What depends on the time. */
function paint() {
  if (!trace) return;
  race.paint(clock.z, [neuron.layer, neuron.number]);
  maps?.paint(clock.z, [neuron.layer, neuron.number]);
  const won = clock.z >= trace.tick && anySpikes() ? trace.decision : -1;
  race.progress(Math.min(clock.z, trace.tick)).forEach((progress, output) => {
    const shown = element("classes").children[output];
    const bar = /** @type {HTMLElement} */ (shown.firstElementChild);
    bar.style.height = `${100 * progress}%`;
    shown.classList.toggle("won", output === won);
  });
}

/** Decide the first sample as a picture that is opened, and report whether golden decides the same. */
function checkFirst() {
  let first = rowOf(samples, samples.length / expected.decision.length, 0);
  if (encoding.drawn) {
    const rgba = Array.from(first).flatMap((grey) => [grey, grey, grey, 255]);
    first = preparation.raw(rgba, width, height, width, height);
  }
  const { decision, tick } = traceOf(first);
  const [golden, then] = [expected.decision[0], expected.tick[0]];
  const equal = decision === golden && tick === then;
  if (equal) element("checked").textContent = "Its first sample is decided as by the golden model.";
  else {
    element("wrong").textContent =
      `Do not trust this page: it decides its first sample as ${classes[decision]} at tick ${tick}, ` +
      `the golden model as ${classes[golden]} at tick ${then}. Make the page anew, or use another browser.`;
  }
  element("wrong").hidden = equal;
}

/** @param {ArrayLike<number>} values */
function take(values) {
  pad.clear();
  unread = "";
  if (encoding.drawn) pad.show(values, height, width);
  sample = values;
  showValues(sample);
  refresh();
  clock.restart(0);
}

function connect() {
  const { drawn, edges } = encoding;
  const { sound } = content;
  const what = sound
    ? "Speak a word, or open a recording of one"
    : content.usual
      ? "Draw a digit, or open a picture of one"
      : drawn
        ? "Draw an image, or open one"
        : "Choose an input";
  element("lead").textContent =
    `${what}. It becomes spikes, ${counted(classes.length, "neuron", "race")} to answer, and the first one to spike wins.`;
  element("input-title").textContent = `1. ${sound ? "Speak" : drawn ? "Draw" : "Choose"}`;
  element("how-inputs").textContent = encoding.told.how;
  element("how-maps").hidden = !maps;
  if (maps) element("killed").textContent = "Filters and dense neurons killed";
  element("how-clear").textContent = sound ? "word" : drawn ? "image" : "input";
  element("unit").textContent = String(network.unit);
  element("net").textContent =
    `FirstSpike, network ${content.title}: ${counted(layers, "layer")} of integer weights. Nothing that you ${drawn ? "draw or open" : "choose"} leaves this page.`;
  for (const name of classes) {
    const shown = document.createElement("li");
    shown.append(document.createElement("i"), Object.assign(document.createElement("span"), { textContent: name }));
    element("classes").append(shown);
  }
  const longest = classes.reduce((one, other) => (other.length > one.length ? other : one));
  showAnswer("longest", longest, forcedAnswer(longest));
  element("drawing").hidden = !drawn || sound;
  element("ground").hidden = Boolean(content.usual);
  input("light").checked = ground.light;
  element("found").textContent = hint;
  element("listening").hidden = !sound;
  element("seen").hidden = element("flip-box").hidden = !drawn;
  if (sound) {
    addAxes(canvas("grid"), sound);
    addAxes(canvas("weights"), sound);
    listening(sound, classes, traceOf, take);
  }
  // On a phone the race stands right below the pad.
  if (matchMedia("(max-width: 56rem)").matches && !sound) element("seen").removeAttribute("open");
  element("samples").hidden = !content.labels;
  input("centre").checked = Boolean(content.usual);
  input("jitter").max = String(network.unit);
  if (edges.length) {
    showValues = controls(edges, features, choices, ({ first, values }) => {
      sample = Float64Array.from(sample, (old, at) => values[at - first] ?? old);
      later();
    });
  }
  if (content.labels) chips(samples, content.labels, classes, take);
  for (const kind of /** @type {const} */ (["pointerdown", "pointerup", "pointercancel"])) {
    element("pad").addEventListener(kind, (event) => {
      if (event.isPrimary) clock.drawing = kind === "pointerdown";
    });
  }
  photos(
    (picture, name) => {
      photo = name;
      unread = "";
      pad.open(picture);
      clock.restart(0);
    },
    (name) => {
      unread = `${name} is no picture that the browser can read: open a PNG, JPEG or WebP file.`;
      showFound();
    },
  );
  const disturb = () => {
    faults.killed = Number(input("kill").value) / 100;
    faults.flipped = Number(input("flip").value) / 100;
    faults.jitter = Number(input("jitter").value);
    element("kill-said").textContent = `${input("kill").value} %`;
    element("flip-said").textContent = `${input("flip").value} %`;
    element("jitter-said").textContent = `by up to ${counted(faults.jitter, "tick")}`;
    if (trace) refresh();
  };
  for (const id of ["kill", "flip", "jitter"]) input(id).addEventListener("input", disturb);
  element("anew").addEventListener("click", () => {
    faults.drawAnew();
    refresh();
  });
  element("heal").addEventListener("click", () => {
    for (const id of ["kill", "flip", "jitter"]) input(id).value = "0";
    faults.chosen.clear();
    disturb();
  });
  input("dead").addEventListener("change", () => {
    const key = `${neuron.layer}:${neuron.number}`;
    if (input("dead").checked) faults.chosen.add(key);
    else faults.chosen.delete(key);
    refresh();
  });
  element("check").addEventListener("click", () => {
    const found = checked(network, encoding, cores, samples, expected);
    element("checked").textContent =
      `${counted(found.samples, "sample")} with ${found.spikes.toLocaleString("en")} spikes until their decisions: ` +
      `${found.differences} differ from the golden model in class, tick, spikes or clock cycles.`;
  });
  const repaint = () => {
    pad.paint();
    refresh();
  };
  addEventListener("resize", repaint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  disturb();
  checkFirst();
  neuron.choose(0, 0);
  pad.paint();
  refresh();
  if (edges.length) take(Float64Array.from(samples.subarray(0, edges.length)));
  else if (content.labels) element("chips").querySelector("button")?.click();
  document.body.dataset.ready = "";
}

/** For the console, and for tests. */
const firstspike = {
  preparation,
  run: (/** @type {number[]} */ ticks) => run(network, ticks),
  /** @param {Blob} file */
  prepared: async (file) => {
    const { data, width: w, height: h } = await pictureOf(file);
    return preparation.prepared(data, w, h, width);
  },
  /** @param {Blob} file */
  heard: async (file) => {
    const words = listen(content.sound, traceOf, await samplesOf(file, content.sound.rate));
    return words.map((word) => ({ ...word, picture: Array.from(word.picture) }));
  },
};
Object.assign(window, { firstspike });
connect();
