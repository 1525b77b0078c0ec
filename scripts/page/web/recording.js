// SPDX-License-Identifier: BSD-2-Clause
/**
 * Recordings: a file that is chosen, or the microphone, as samples of 16 bits.
 *
 * A WAV file at the rate of the front end is read as golden/data/wav.py reads it. The browser reads
 * everything else, and brings it to that rate in its own way.
 */
import { element, input } from "./element.js";

const MOST_FILE = 2 ** 26; // bytes
const MOST_SAMPLES = 2 ** 24;

/**
 * @param {number} rate samples per second
 * @param {(x: Int16Array, name: string) => void} taken
 * @param {(said: string) => void} refused
 */
export function recordings(rate, taken, refused) {
  /** @param {Blob} blob @param {string} name */
  const take = async (blob, name) => {
    try {
      taken(await samplesOf(blob, rate), name);
    } catch (error) {
      refused(`${name} ${error instanceof Refused ? error.message : UNREADABLE}`);
    }
  };
  input("wav").addEventListener("change", async () => {
    const file = input("wav").files?.[0];
    if (file) await take(file, file.name);
    input("wav").value = ""; // so that the same file can be chosen again
  });
  microphone((blob) => take(blob, "The microphone"), refused);
}

class Refused extends Error {}

const UNREADABLE = "is no sound that the browser can read: open a WAV file.";

/**
 * @param {(blob: Blob) => void} taken
 * @param {(said: string) => void} refused
 */
function microphone(taken, refused) {
  const button = element("speak");
  button.hidden = !navigator.mediaDevices;
  /** @type {MediaRecorder | null} */
  let recorder = null;
  let waiting = false;
  button.addEventListener("click", async () => {
    recorder?.stop();
    if (recorder || waiting) return; // a disabled button would lose the focus
    waiting = true;
    /** @type {MediaStream | undefined} */
    let stream;
    const release = () => stream?.getTracks().forEach((track) => track.stop());
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const started = new MediaRecorder(stream);
      started.addEventListener("dataavailable", ({ data }) => {
        release();
        recorder = null;
        button.textContent = "Speak";
        taken(data);
      });
      started.start();
      recorder = started;
      button.textContent = "Stop";
    } catch {
      release();
      refused("The browser gives no microphone: allow it, or open a recording.");
    } finally {
      waiting = false;
    }
  });
}

/**
 * @param {Blob} blob
 * @param {number} rate
 * @returns {Promise<Int16Array>} rejected, with a sentence or without, if it is no recording
 */
export async function samplesOf(blob, rate) {
  if (blob.size > MOST_FILE) {
    throw new Refused(`has ${blob.size} bytes: at most ${MOST_FILE} are read.`);
  }
  const content = await blob.arrayBuffer();
  const file = wavOf(new DataView(content));
  if (file && file.rate < rate) {
    throw new Refused(`has ${file.rate} samples per second: give ${rate} or more.`);
  }
  if (file && file.rate === rate) {
    checkLength(file.length);
    return asSamples(file.samples(), (value) => value);
  }
  const context = new OfflineAudioContext(1, 1, rate);
  const sound = await context.decodeAudioData(content);
  checkLength(sound.length);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, at) => sound.getChannelData(at));
  const mean = Float64Array.from(
    { length: sound.length },
    (_, n) => channels.reduce((sum, channel) => sum + channel[n], 0) / channels.length,
  );
  return asSamples(mean, (value) => value * 32768);
}

/** @param {number} length */
function checkLength(length) {
  if (!length) throw new Refused("holds no samples.");
  if (length > MOST_SAMPLES) {
    throw new Refused(`has ${length} samples: at most ${MOST_SAMPLES} are read; cut it.`);
  }
}

/**
 * @param {Float64Array} values
 * @param {(value: number) => number} scaled
 * @returns {Int16Array} rounded to even, and clipped
 */
function asSamples(values, scaled) {
  return Int16Array.from(values, (value) => {
    const x = scaled(value);
    if (!Number.isFinite(x)) throw new Refused("holds samples that are no finite numbers.");
    const near = Math.round(x); // rounds halves up
    const even = near - x === 0.5 && near % 2 ? near - 1 : near;
    return Math.min(Math.max(even, -32768), 32767);
  });
}

/** Zero and factor of samples by format and bits, and how a sample is read. */
const READERS = {
  "1:8": { zero: 128, factor: 256, read: (/** @type {DataView} */ v, /** @type {number} */ at) => v.getUint8(at) },
  "1:16": { zero: 0, factor: 1, read: (/** @type {DataView} */ v, /** @type {number} */ at) => v.getInt16(at, true) },
  "1:24": {
    zero: 0,
    factor: 2 ** -16,
    read: (/** @type {DataView} */ v, /** @type {number} */ at) =>
      v.getInt16(at + 1, true) * 65536 + v.getUint8(at) * 256,
  },
  "1:32": { zero: 0, factor: 2 ** -16, read: (/** @type {DataView} */ v, /** @type {number} */ at) => v.getInt32(at, true) },
  "3:32": { zero: 0, factor: 32768, read: (/** @type {DataView} */ v, /** @type {number} */ at) => v.getFloat32(at, true) },
  "3:64": { zero: 0, factor: 32768, read: (/** @type {DataView} */ v, /** @type {number} */ at) => v.getFloat64(at, true) },
};

/**
 * @param {DataView} view
 * @returns {{rate: number, length: number, samples: () => Float64Array} | null} null for what is no WAV file
 */
function wavOf(view) {
  /** @param {number} at */
  const name = (at) => String.fromCharCode(...[0, 1, 2, 3].map((k) => view.getUint8(at + k)));
  if (view.byteLength < 12 || name(0) !== "RIFF" || name(8) !== "WAVE") return null;
  let [format, channels, rate, bits] = [0, 0, 0, 0];
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const [chunk, size, begin] = [name(at), view.getUint32(at + 4, true), at + 8];
    if (begin + size > view.byteLength) {
      throw new Refused("ends before its head says: it was cut short; save it again.");
    }
    if (chunk === "fmt " && size >= 16) {
      format = view.getUint16(begin, true);
      channels = view.getUint16(begin + 2, true);
      rate = view.getUint32(begin + 4, true);
      bits = view.getUint16(begin + 14, true);
      if (format === 0xfffe && size >= 26) format = view.getUint16(begin + 24, true);
    }
    if (chunk === "data") {
      const reader = READERS[/** @type {keyof typeof READERS} */ (`${format}:${bits}`)];
      if (!reader || !channels) {
        throw new Refused("is no WAV file of plain samples: save it as one of 16 bits.");
      }
      const step = bits / 8;
      const length = Math.floor(size / (step * channels));
      const samples = () =>
        Float64Array.from({ length }, (_, n) => {
          let sum = 0;
          for (let c = 0; c < channels; c++) sum += reader.read(view, begin + (n * channels + c) * step);
          return (sum / channels - reader.zero) * reader.factor;
        });
      return { rate, length, samples };
    }
    at = begin + size + (size % 2);
  }
  throw new Refused("ends before its head says: it was cut short; save it again.");
}
