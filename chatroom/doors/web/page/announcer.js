/**
 * The live region: a screen reader says each new message by itself, once. The list of messages is no live region, since
 * it grows at its beginning too, and is drawn anew for another room: both would be read out.
 */

import { element } from "./dom.js";
import { kindOf } from "./kinds.js";
import { isMentioned } from "./mentions.js";

/** @import { Place } from "./places.js" */
/** @import { Store } from "./store.js" */
/** @import { Item } from "./timeline.js" */

const MOST = 4; // messages that are said at once; of more, only how many there are
const MOST_LINES = 3; // lines of one message that are said
const STAYS = 10_000; // milliseconds until a line that was said is taken away
const PAUSE = 300; // milliseconds in which lines are gathered

/**
 * A text as it is read out: its first lines with a pause after each, and how many follow.
 * @param {string} text
 */
export function spoken(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  const more = lines.length - MOST_LINES;
  const rest = more > 0 ? [`and ${more} more line${more === 1 ? "" : "s"}`] : [];
  return [...lines.slice(0, MOST_LINES), ...rest].join("; ");
}

export class Announcer {
  #region;
  /** @type {string[]} */
  #waiting = [];
  #count = 0;

  /** @param {HTMLElement} region the live region */
  constructor(region) {
    this.#region = region;
  }

  /**
   * Say the message of another person, if it is in the place looked at, private, or names the user.
   * @param {Store} store
   * @param {Place} place
   * @param {Item} item
   */
  heard(store, place, { kind, nick, text }) {
    const here = place === store.view;
    if (!here && place.kind !== "private" && !isMentioned(text, store.me)) return;
    const where = here ? "" : place.kind === "private" ? "privately, " : `in ${place.name}, `;
    const asSentence = kindOf(kind)?.shown !== "said";
    this.say(nick ? `${where}${nick}${asSentence ? " " : ": "}${spoken(text)}` : spoken(text));
  }

  /** @param {string} text */
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
