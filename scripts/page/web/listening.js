// SPDX-License-Identifier: BSD-2-Clause
/** What a network of sound hears in a recording: its words to choose from, and what was not said. */
import { counted, element } from "./element.js";
import { recordings } from "./recording.js";
import { wordsIn } from "./sound.js";

const MOST_SHOWN = 100;

/**
 * @typedef {import("./sound.js").Heard & {decision: number, tick: number, forced: boolean, said: boolean}} Word
 */

/**
 * @param {import("./sound.js").Sound} sound
 * @param {(picture: Uint8Array) => import("./model.js").Trace} decide
 * @param {ArrayLike<number>} x samples
 * @returns {Word[]} the words, and which of them are said
 */
export function listen(sound, decide, x) {
  return wordsIn(sound, x).map((word) => {
    const { decision, tick, forced, spikes } = decide(word.picture);
    const none = spikes[spikes.length - 1].length - 1;
    return { ...word, decision, tick, forced, said: word.isolated && decision !== none && !forced };
  });
}

/**
 * @param {import("./sound.js").Sound} sound
 * @param {string[]} classes
 * @param {(picture: Uint8Array) => import("./model.js").Trace} decide
 * @param {(picture: Uint8Array) => void} take
 */
export function listening(sound, classes, decide, take) {
  const heard = element("heard");
  recordings(
    sound.rate,
    (x, name) => {
      const words = listen(sound, decide, x);
      const said = words.filter((word) => word.said);
      element("words").replaceChildren(...said.slice(0, MOST_SHOWN).map(button));
      const left = words.length - said.length;
      const spoken = said.length ? said.map(({ decision }) => classes[decision]) : ["no word"];
      const more = said.length > MOST_SHOWN ? ` The first ${MOST_SHOWN} are shown.` : "";
      heard.textContent =
        `${name}: ${spoken.slice(0, MOST_SHOWN).join(", ")}.${more}` +
        (left ? ` ${counted(left, "sound")} more: none of the words, or not isolated.` : "");
      const first = said[0] ?? words[0];
      if (first) take(first.picture);
    },
    (said) => {
      heard.textContent = said;
    },
  );

  /** @param {Word} word */
  function button(word) {
    const seconds = ((word.slot * sound.slot) / sound.rate).toFixed(2);
    const textContent = `${seconds} s: ${classes[word.decision]}`;
    const shown = Object.assign(document.createElement("button"), { type: "button", textContent });
    shown.addEventListener("click", () => take(word.picture));
    return shown;
  }
}
