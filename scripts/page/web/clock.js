// SPDX-License-Identifier: BSD-2-Clause
/** Time in the race: it plays, pauses, and goes tick by tick. */
import { element, input } from "./element.js";

const SLOW = 2500; // milliseconds from the beginning to the decision
const FAST = 700; // the same while one draws

export class Clock {
  /** The tick that time has come to, whole where it stands still. */
  z = 0;
  #begin = 0;
  #decision = 1;
  #end = 1;
  #playing = false;
  #drawing = false;
  #before = 0;
  #moved;

  /** @param {() => void} moved is called when z has changed */
  constructor(moved) {
    this.#moved = moved;
    element("play").addEventListener("click", () => {
      if (this.#playing) this.#stop(Math.floor(this.z));
      else this.restart(this.z >= this.#decision ? 0 : this.z);
    });
    element("back").addEventListener("click", () => this.#stop(Math.ceil(this.z) - 1));
    element("forth").addEventListener("click", () => this.#stop(Math.floor(this.z) + 1));
    input("tick").addEventListener("input", () => this.#stop(Number(input("tick").value)));
  }

  /**
   * For another input; where time stands at the decision, it goes to the new one.
   *
   * @param {number} begin the first tick that is shown
   * @param {number} decision its tick
   * @param {number} end
   * @param {number} unit
   */
  fit(begin, decision, end, unit) {
    if (!this.#playing) {
      const z = this.z === this.#decision ? decision : this.z;
      this.z = Math.min(Math.max(z, begin), end);
    }
    [this.#begin, this.#decision, this.#end] = [begin, decision, end];
    input("tick").min = String(begin);
    input("tick").max = String(end);
    this.unit = unit;
    this.#say();
  }

  /** @param {boolean} drawing whether the race is to go round and round, fast */
  set drawing(drawing) {
    if (this.#drawing === drawing) return;
    this.#drawing = drawing;
    this.restart(drawing ? this.z : 0);
  }

  /**
   * Play from a tick on; where motion is not wanted, only the end is shown.
   *
   * @param {number} z
   */
  restart(z) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#stop(this.#decision);
    this.z = Math.max(z, this.#begin);
    if (this.#playing) return;
    this.#playing = true;
    this.#before = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** @param {number} now */
  #frame(now) {
    if (!this.#playing) return;
    const whole = this.#drawing ? FAST : SLOW;
    this.z += ((this.#decision - this.#begin) * Math.max(0, now - this.#before)) / whole;
    this.#before = now;
    if (this.z >= this.#decision) {
      if (!this.#drawing) return this.#stop(this.#decision);
      this.z = this.#begin;
    }
    this.#say();
    requestAnimationFrame((next) => this.#frame(next));
  }

  /** @param {number} z */
  #stop(z) {
    this.#playing = false;
    this.z = Math.min(Math.max(z, this.#begin), this.#end);
    this.#say();
  }

  #say() {
    const tick = Math.floor(this.z);
    const z = (this.z / (this.unit ?? 1)).toFixed(2);
    element("play").textContent = this.#playing ? "Pause" : "Play";
    input("tick").value = String(tick);
    input("tick").setAttribute("aria-valuetext", `tick ${tick}, z = ${z}`);
    element("now").textContent = `tick ${tick}, z = ${z}`;
    this.#moved();
  }
}
