/**
 * Requests, and what each message of the server answers.
 *
 * Every request has a `ref`, which the server gives back with all that comes of it. A request of the user is kept until
 * it is answered, over reconnects too (unacknowledged.js). A question of the page itself is not: it asks anew when the
 * connection is back.
 */

import { randomText } from "./secrets.js";
import { commandOf, talkOf, Unacknowledged } from "./unacknowledged.js";

/** @import { Ready } from "./typed.js" */
/** @import { Made, Request } from "./unacknowledged.js" */
/** @import { Message } from "./wire.js" */

const MOST_IN_FLIGHT = 16; // requests of the user: those behind them can still be taken back

export class Requests {
  #live = false;
  #count = 0;
  /**
   * The page's own that are not answered, by ref.
   * @type {Map<string, Made>}
   */
  #questions = new Map();
  /**
   * @param {(line: string) => boolean} send hands a line to the connection; false when there is none
   * @param {string} prefix of every ref, of this load of the page alone: no ref is ever used again
   */
  constructor(send, prefix = randomText(8)) {
    this.send = send;
    this.prefix = prefix;
    this.unacknowledged = new Unacknowledged();
  }

  /** Whether the user is on the way to another room. */
  get joining() {
    return this.unacknowledged.all.some(({ request }) => commandOf(request) === "join");
  }

  /**
   * Make requests of the user: now, or as soon as everything that was missed is here.
   * @param {string} place the key of the place that the user looks at
   * @param {...Ready} wanted in this order
   * @returns {string} the ref of the last; empty when too much is unacknowledged, and nothing is asked for
   */
  make(place, ...wanted) {
    const several = wanted.map(({ wanted: request, typed }) => ({ request: this.#named(request), place, typed }));
    if (!this.unacknowledged.add(...several)) return "";
    this.#flush();
    return several.at(-1)?.request.ref ?? "";
  }

  /**
   * The user's own words that were sent from a place, or are about to be, and have not come back yet.
   * @param {string} place its key
   */
  waiting(place) {
    return this.unacknowledged.all.flatMap((made) => {
      const talk = made.place === place && talkOf(made.request);
      return talk ? [{ ref: made.request.ref, ...talk }] : [];
    });
  }

  /**
   * The number of requests from a place that can still be taken back.
   * @param {string} place its key
   */
  stoppable(place) {
    return this.unacknowledged.unsent.filter((made) => made.place === place).length;
  }

  /**
   * Ask a question of the page itself.
   * @param {string} command
   * @param {string} room that it is about; empty for none
   * @returns {string} the ref; empty when there is no connection
   */
  ask(command, room = "") {
    const request = this.#named(room ? { do: command, room } : { do: command });
    if (!this.#sent(request)) return "";
    this.#questions.set(request.ref, { request, place: "", typed: "" });
    return request.ref;
  }

  /**
   * Take notice of a message.
   * @param {Message} message
   * @returns {Made|undefined} what it answers
   */
  answered(message) {
    const ref = message.ref ?? "";
    const question = this.#questions.get(ref);
    if (question) {
      if (!(message.kind === "history" && message.more)) this.#questions.delete(ref);
      return question;
    }
    const made = this.unacknowledged.get(ref);
    if (this.unacknowledged.answered(message)) this.#flush();
    return made;
  }

  /**
   * The connection is lost, and with it perhaps everything that was sent over it.
   * @returns {Made[]} the requests that are not sent again; they are forgotten
   */
  lost() {
    this.#live = false;
    this.#questions.clear();
    return this.unacknowledged.lost();
  }

  /** Everything that was missed is here: requests that are not answered by now are sent again, in order. */
  live() {
    this.#live = true;
    this.#flush();
  }

  /**
   * Go on with the requests that were unacknowledged when the page was left.
   * @param {Made[]} several
   */
  restore(several) {
    this.unacknowledged.add(...several);
  }

  /** Forget everything. */
  reset() {
    this.lost();
    this.unacknowledged = new Unacknowledged();
  }

  #flush() {
    // A request that does not go through is sent over the next connection.
    if (!this.#live) return;
    const most = MOST_IN_FLIGHT - this.unacknowledged.inFlight;
    for (const { request } of this.unacknowledged.takeUnsent(most)) this.#sent(request);
  }

  /**
   * @template {object} T
   * @param {T} wanted
   * @returns {T & {ref: string}}
   */
  #named(wanted) {
    this.#count += 1;
    return { ...wanted, ref: `${this.prefix}-${this.#count}` };
  }

  /** @param {Request} request */
  #sent(request) {
    return this.send(JSON.stringify(request));
  }
}
