/**
 * Unacknowledged requests: those that the user has made and that the server has not answered.
 *
 * A request goes into a connection before anybody knows that the connection is dead. So each is kept until something
 * with its `ref` comes back: the event that came of it, an error, or the word that it was done before. After a
 * reconnect, the rest is sent again, in the same order and with the same refs; the server does nothing twice for one
 * ref. The terminal client has the same rules, and tests/cases/unacknowledged.json holds both to them.
 */

import { size } from "./limits.js";

/** @import { Message } from "./wire.js" */

/** @typedef {{say: string, room: string, ref: string}|{do: string, room?: string, ref: string}} Request */
/**
 * A request, and where it was made.
 * @typedef {object} Made
 * @property {Request} request
 * @property {string} place the key of the place that the user looked at
 * @property {string} typed the text to hand back when it is refused; empty for none
 */

const MAX_REQUESTS = 1000;
const MAX_BYTES = 1024 * 1024; // of their texts together: a browser keeps them over a reload
const UNANSWERED = new Set(["quit"]); // the connection ends instead
const NOT_SENT_AGAIN = new Set(["kill"]); // the one who comes by that nickname may be another

/**
 * The name of the command that a request gives; empty for talk.
 * @param {Request} request
 */
export const commandOf = (request) =>
  "do" in request ? request.do.trim().split(/\s/, 1).join().replace(/^\//, "").toLowerCase() : "";

/**
 * What a request says: in a room, as an action, or privately; undefined for one that says nothing.
 * @param {Request} request
 * @returns {{kind: "said"|"acted", text: string}|undefined}
 */
export function talkOf(request) {
  if ("say" in request) return { kind: "said", text: request.say };
  const [, kind = "", rest = ""] = /^\/(me|msg) ([^]*)$/i.exec(request.do) ?? [];
  if (kind.toLowerCase() === "me") return { kind: "acted", text: rest };
  return kind ? { kind: "said", text: rest.replace(/^\S+ /, "") } : undefined;
}

/** @param {Request} request */
const textOf = (request) => ("do" in request ? request.do : request.say);

/**
 * Whether a message is the last that has to come of a request, so that its effect is known.
 * @param {Message} message
 * @param {Request} request
 */
function settles(message, request) {
  // A server that is about to go has not said no: the next one is asked again.
  if (message.kind === "error") return message.code !== "stopping";
  // The list of people answers /who, and is the first of several answers to /join.
  if (message.kind === "people") return commandOf(request) !== "join";
  return message.kind !== "past" && message.kind !== "live";
}

export class Unacknowledged {
  #bytes = 0;
  /** @type {Map<string, Made>} */
  #made = new Map();
  /**
   * The refs of those that were sent over this connection.
   * @type {Set<string>}
   */
  #sent = new Set();

  constructor(maxRequests = MAX_REQUESTS, maxBytes = MAX_BYTES) {
    this.maxRequests = maxRequests;
    this.maxBytes = maxBytes;
  }

  /** Those that are kept, oldest first. */
  get all() {
    return [...this.#made.values()];
  }

  /** @param {string} ref */
  get(ref) {
    return this.#made.get(ref);
  }

  /**
   * Keep requests that are made together, to be sent when they may be.
   * @param {...Made} several
   * @returns {boolean} false when they are too many; then none of them is kept
   */
  add(...several) {
    const bytes = several.reduce((sum, { request }) => sum + size(textOf(request)), 0);
    const tooMany = this.#made.size + several.length > this.maxRequests;
    if (tooMany || (this.#made.size > 0 && this.#bytes + bytes > this.maxBytes)) return false;
    for (const made of several) this.#made.set(made.request.ref, made);
    this.#bytes += bytes;
    return true;
  }

  /** The number of those that were sent over this connection. */
  get inFlight() {
    return this.#sent.size;
  }

  /** Those that have yet to be sent over this connection, oldest first. */
  get unsent() {
    return this.all.filter(({ request }) => !this.#sent.has(request.ref));
  }

  /**
   * Those that have yet to be sent over this connection, in order; they count as sent from here on.
   * @param {number} most that are taken
   * @returns {Made[]}
   */
  takeUnsent(most = Infinity) {
    const found = this.unsent.slice(0, Math.max(0, most));
    for (const made of found) {
      if (UNANSWERED.has(commandOf(made.request))) this.#forget(made);
      else this.#sent.add(made.request.ref);
    }
    return found;
  }

  /**
   * Take notice of a message; the request that it settles is kept no longer.
   * @param {Message} message
   * @returns {boolean} whether it settles one
   */
  answered(message) {
    const made = this.#made.get(message.ref ?? "");
    if (!made || !settles(message, made.request)) return false;
    this.#forget(made);
    return true;
  }

  /**
   * The connection is lost, and with it perhaps everything that was sent over it.
   * @returns {Made[]} those that were sent and are not sent again; they are kept no longer
   */
  lost() {
    const found = this.all.filter(
      ({ request }) => this.#sent.has(request.ref) && NOT_SENT_AGAIN.has(commandOf(request)),
    );
    for (const made of found) this.#forget(made);
    this.#sent.clear();
    return found;
  }

  /**
   * Keep no longer those that were made in a place and have yet to be sent.
   * @param {string} place its key
   * @returns {Made[]}
   */
  takeBack(place) {
    const found = this.unsent.filter((made) => made.place === place);
    for (const made of found) this.#forget(made);
    return found;
  }

  /** @param {Made} made */
  #forget({ request }) {
    this.#made.delete(request.ref);
    this.#sent.delete(request.ref);
    this.#bytes -= size(textOf(request));
  }
}
