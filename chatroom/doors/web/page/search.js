/** Looking for words that were said in the room that one looks at. */

import { element } from "./dom.js";
import { nameOf } from "./names.js";
import { withMarks } from "./text.js";
import { clock, day, machine } from "./times.js";

export class Search {
  /**
   * @param {{form: HTMLFormElement, field: HTMLInputElement, state: Element, list: Element}} parts
   * @param {{find: (words: string) => boolean, reveal: (id: number) => void}} asks to find words, which gives false
   *   when that cannot be asked for; to show where something was said
   */
  constructor(parts, asks) {
    Object.assign(this, parts);
    this.asks = asks;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = this.field.value.trim();
      if (!words) return;
      this.list.replaceChildren();
      const asked = asks.find(words);
      this.state.textContent = asked ? "Looking\u2026" : "Words are found in rooms, and while connected.";
    });
  }

  /** @param {{room: string, words: string, events: object[]}} found oldest first */
  show({ room, words, events }) {
    const several = `${events.length} lines in ${room}, the newest first:`;
    const said = [`Nothing was found in ${room}.`, `1 line in ${room}:`][events.length] ?? several;
    this.state.textContent = said;
    this.list.replaceChildren(...events.toReversed().map((event) => this.#row(event, words)));
  }

  #row({ id, nick, at, text }, words) {
    const time = element("time", { datetime: machine(at) }, `${day(at)}, ${clock(at)}`);
    const go = element(
      "button",
      { type: "button", title: "Show it where it was said" },
      element("span", { class: "head" }, nameOf(nick), " ", time),
      element("span", { class: "text", dir: "auto" }, ...withMarks(text, words)),
    );
    go.addEventListener("click", () => this.asks.reveal(id));
    return element("li", {}, go);
  }

  /** Nothing was found, for this reason. */
  refused(text) {
    this.state.textContent = text;
  }

  clear() {
    this.field.value = "";
    this.state.textContent = "";
    this.list.replaceChildren();
  }
}
