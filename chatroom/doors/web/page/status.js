/** The banner about the connection, and the title of the page, which counts unread messages. */

/** @import { State } from "./connection.js" */
/** @import { Store } from "./store.js" */

const OFFLINE = "Offline. What you type is kept.";
const ONLINE = "Connected again.";
const SENT_AWAY = "The server has closed this connection.";
const LONGEST_REASON = 500;

/**
 * @typedef {object} StatusParts
 * @property {HTMLElement} banner
 * @property {HTMLElement} text
 * @property {HTMLElement} count
 * @property {HTMLButtonElement} now
 */

export class Status {
  #retryAt = 0;
  #connecting = false;

  /**
   * @param {StatusParts} parts
   * @param {(text: string) => void} say has a screen reader say something
   */
  constructor(parts, say) {
    this.parts = parts;
    this.say = say;
    setInterval(() => this.#count(), 500);
  }

  /**
   * @param {State} state
   * @param {number} retryAt when the next try is due, in milliseconds by performance.now()
   * @param {string} reason that the server gave before it closed the connection; empty for none
   */
  show(state, retryAt, reason = "") {
    const { banner, text: line, now } = this.parts;
    this.#retryAt = state === "waiting" ? retryAt : 0;
    this.#connecting = state === "connecting";
    banner.hidden = state === "in" || state === "closed";
    const sentAway = state === "sent-away";
    const lost = state === "waiting" || line.textContent !== "";
    const text = sentAway ? reason.slice(0, LONGEST_REASON) || SENT_AWAY : banner.hidden || !lost ? "" : OFFLINE;
    if (line.textContent !== text) {
      line.textContent = text;
      // Once, and not with each try.
      if (text || state === "in") this.say(text || ONLINE);
    }
    now.textContent = sentAway ? "Come back" : "Try now";
    now.disabled = state === "connecting";
    this.#count();
  }

  #count() {
    const { banner, count } = this.parts;
    if (banner.hidden) return;
    const seconds = Math.max(0, Math.ceil((this.#retryAt - performance.now()) / 1000));
    const text = this.#retryAt ? `Trying again in ${seconds} s.` : this.#connecting ? "Connecting\u2026" : "";
    if (count.textContent !== text) count.textContent = text;
  }

  /** @param {Store} store */
  title(store) {
    const unread = store.places().reduce((sum, place) => sum + place.unread, 0);
    const where = store.view.name ? `${store.view.name} \u00b7 chatroom` : "chatroom";
    const title = unread ? `(${unread}) ${where}` : where;
    if (document.title !== title) document.title = title;
  }
}
