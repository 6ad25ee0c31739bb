/**
 * What a screen reader says by itself: what is new, once. The list of messages is no live region, since it grows at
 * its beginning too, and is drawn anew for another room: both would be read out.
 */

import { element } from "./dom.js";
import { mentions } from "./text.js";

const MOST = 4; // lines that are said at once; of more, how many there are
const STAYS = 10_000; // milliseconds until what was said is taken away
const PAUSE = 300; // milliseconds in which lines are gathered

export class Announcer {
  #region;
  #waiting = [];
  #count = 0;

  constructor(region) {
    this.#region = region;
  }

  /** Say what was said by another: here, to oneself alone, or elsewhere with one's own name in it. */
  heard(store, place, { kind, nick, text }) {
    const here = place === store.view;
    if (!here && place.kind !== "private" && !mentions(text, store.me)) return;
    const where = here ? "" : place.kind === "private" ? "privately, " : `in ${place.name}, `;
    this.say(nick ? `${where}${nick}${kind === "acted" ? " " : ": "}${text}` : text);
  }

  say(text) {
    if (this.#count === 0) setTimeout(() => this.#flush(), PAUSE);
    this.#count += 1;
    if (this.#count <= MOST) this.#waiting.push(text);
  }

  #flush() {
    const lines = this.#count > MOST ? [`${this.#count} new messages`] : this.#waiting;
    this.#waiting = [];
    this.#count = 0;
    for (const line of lines) {
      const made = element("p", {}, line);
      this.#region.append(made);
      setTimeout(() => made.remove(), STAYS);
    }
  }
}
