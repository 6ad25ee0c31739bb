/** The search for words that were said in the room looked at. */

import { element } from "./dom.js";
import { nameOf } from "./names.js";
import { withMarks } from "./text.js";
import { clock, day, machine } from "./times.js";

/** @import { Answer, RoomEvent } from "./wire.js" */

/** @typedef {{form: HTMLFormElement, field: HTMLInputElement, state: HTMLElement, list: HTMLElement}} SearchParts */

export class Search {
  /** The ref of the search whose answer is waited for; empty for none. */
  #ref = "";

  /**
   * @param {SearchParts} parts
   * @param {object} asks
   * @param {(words: string) => string} asks.find gives the ref; empty when that cannot be asked for
   * @param {(id: number) => void} asks.reveal shows where something was said
   */
  constructor(parts, asks) {
    this.parts = parts;
    this.asks = asks;
    const { form, field, state, list } = parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = field.value.trim();
      if (!words) return;
      list.replaceChildren();
      this.#ref = asks.find(words);
      state.textContent = this.#ref ? "Looking\u2026" : "Words are found in rooms, and while connected.";
    });
  }

  /**
   * Look for words, as if they had been typed here.
   * @param {string} words
   */
  look(words) {
    this.parts.field.value = words;
    this.parts.form.requestSubmit();
  }

  /** @param {Answer<"found">} found */
  show({ room, words, events, ref }) {
    if (ref !== this.#ref) return;
    const several = `${events.length} lines in ${room}, the newest first:`;
    const said = [`Nothing was found in ${room}.`, `1 line in ${room}:`][events.length] ?? several;
    this.parts.state.textContent = said;
    this.parts.list.replaceChildren(...events.toReversed().map((event) => this.#row(event, words)));
  }

  /**
   * @param {RoomEvent} event
   * @param {string} words
   */
  #row({ id, nick, at, text }, words) {
    const time = element("time", { datetime: machine(at) }, `${day(at)}, ${clock(at)}`);
    const go = element(
      "button",
      { type: "button", title: "Show it where it was said" },
      element("span", { class: "head" }, nameOf(nick), " ", time),
      element("span", { class: "text", dir: "auto" }, ...withMarks(text, words)),
    );
    go.addEventListener("click", () => this.asks.reveal(id ?? 0));
    return element("li", {}, go);
  }

  /**
   * @param {Answer<"error">} error
   * @returns {boolean} whether it says why nothing was found
   */
  refused({ text, ref }) {
    if (!ref || ref !== this.#ref) return false;
    this.parts.state.textContent = text;
    return true;
  }

  clear() {
    this.#ref = "";
    this.parts.field.value = "";
    this.parts.state.textContent = "";
    this.parts.list.replaceChildren();
  }
}
