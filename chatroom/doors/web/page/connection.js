/**
 * The WebSocket: the answer to `NICK`, whether the server still answers, and coming back by itself.
 *
 * It hands each message on and knows nothing of what is in it, but for what decides whether the user is in: `NICK` asks
 * for a nickname, `welcome` says that it will do, an `error` before that why it will not.
 */

import { readMessage } from "./wire.js";

/** @import { Answer, Message } from "./wire.js" */

const QUIET = 30_000; // milliseconds without a message after which the server is asked whether it is there
const PATIENCE = 15_000; // milliseconds without an answer after which the connection is gone
const SLEPT = 5000; // milliseconds by which the clock on the wall has moved against the page's
const WAITS = [1, 2, 4, 8, 15]; // seconds before each of the first tries to come back
const LONGEST_WAIT = 30; // seconds before each of those that follow
// Codes of a WebSocket's end (RFC 6455 section 7.4.1).
const NORMAL_CLOSURE = 1000;
const NO_CODE = 1006; // it has not ended, or not in good order

/**
 * Sent away: the server has closed the connection of a user who was in, and means it.
 * @typedef {"closed"|"connecting"|"in"|"waiting"|"sent-away"} State
 */

/**
 * @typedef {object} ConnectionListener
 * @property {() => string} hello gives the answer to NICK
 * @property {(message: Message) => void} message
 * @property {(error: Answer<"error">) => void} refused the nickname will not do; the connection may still be open
 * @property {() => void} ping asks the server whether it is there
 * @property {(state: State, retryAt: number) => void} changed with the time of the next try by performance.now(), or 0
 */

/** The distance between the clock on the wall and the page's, which stands still in many browsers in a sleep. */
function lag() {
  return Date.now() - performance.now();
}

export class Connection {
  /** @type {WebSocket|null} */
  #socket = null;
  #wanted = false;
  #asked = false;
  #live = false;
  #dismissed = false;
  /** @type {Answer<"error">|null} */
  #refusal = null;
  #tries = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #retry;
  // Milliseconds by performance.now(), which never goes back when somebody sets the clock.
  #lastHeard = 0;
  #pinged = 0;
  #lag = lag();

  /**
   * @param {string|URL} address
   * @param {ConnectionListener} listener
   */
  constructor(address, listener) {
    this.address = address;
    this.listener = listener;
    /** @type {State} */
    this.state = "closed";
    setInterval(() => this.#look(), 1000);
  }

  /** Come in, and come back whenever the connection is lost. */
  open() {
    this.#wanted = true;
    this.#tries = 0;
    if (this.#socket && this.#asked) this.#answer();
    else this.#connect();
  }

  /** Go, and stay away. */
  close() {
    this.#wanted = false;
    this.#drop();
    this.#become("closed");
  }

  /** Come back at once, as the user asks. */
  comeBack() {
    if (this.state === "sent-away") this.open();
    else this.hurry();
  }

  /** The machine has no network: what is sent is lost. It is tried again in a while, or when the network is back. */
  offline() {
    if (this.state === "in" || this.state === "connecting") this.#lost(NO_CODE);
  }

  /** The server has said that it closes the connection, and means it. */
  dismissed() {
    this.#dismissed = true;
  }

  /**
   * Try again at once, if a try is waiting for its time; else see whether the server still answers.
   * @param {number} silence in milliseconds, after which it is asked
   */
  hurry(silence = PATIENCE) {
    if (this.state === "waiting") this.#connect();
    else if (this.state === "in" && performance.now() - this.#lastHeard > silence) this.#ping();
  }

  /**
   * @param {string} line
   * @returns {boolean} whether the line was handed to the socket
   */
  send(line) {
    if (this.state !== "in" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(line);
    return true;
  }

  /** Give up this try, and make another in a while. */
  retryLater() {
    this.#drop();
    this.#wait();
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#become("connecting");
    this.#asked = this.#live = this.#dismissed = false;
    this.#refusal = null;
    this.#lastHeard = performance.now();
    this.#pinged = 0;
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  /** @param {unknown} data */
  #heard(data) {
    this.#lastHeard = performance.now();
    this.#pinged = 0;
    if (data === "NICK") {
      this.#asked = true;
      const refusal = this.#refusal;
      this.#refusal = null;
      if (refusal) this.listener.refused(refusal);
      else this.#answer();
      return;
    }
    const message = readMessage(data);
    if (message === null) return;
    if (message.kind === "welcome") {
      this.#asked = false;
      this.#tries = 0;
      this.#become("in");
    } else if (message.kind === "live") this.#live = true;
    else if (this.state !== "in" && message.kind === "error") {
      // Which nickname will not do says more than that it was the last try.
      if (message.code !== "too-many-tries" || !this.#refusal) this.#refusal = message;
      return;
    }
    this.listener.message(message);
  }

  #answer() {
    this.#socket?.send(this.listener.hello());
  }

  /** @param {number} code of the WebSocket's end */
  #lost(code) {
    const refusal = this.#refusal;
    this.#drop();
    this.#asked = false;
    this.#refusal = null;
    if (!this.#wanted) this.#become("closed");
    else if (refusal) this.listener.refused(refusal);
    else if (this.#dismissed || (this.#live && code === NORMAL_CLOSURE)) this.#sentAway();
    else this.#wait();
  }

  /** Another tab has taken this one's place, or an operator has closed the connection: to come back would undo that. */
  #sentAway() {
    this.#wanted = false;
    this.#become("sent-away");
  }

  #wait() {
    const seconds = WAITS[this.#tries++] ?? LONGEST_WAIT;
    // Not all pages at once, when the server comes back.
    const delay = seconds * 1000 * (0.8 + 0.4 * Math.random());
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#become("waiting", performance.now() + delay);
  }

  #look() {
    const before = this.#lag;
    this.#lag = lag();
    // The computer has slept, or its clock was set: in either case a question does no harm.
    if (Math.abs(this.#lag - before) > SLEPT) this.hurry(0);
    // Without a socket, nobody has asked for a try, or one is waiting for its time.
    if (!this.#socket) return;
    const now = performance.now();
    const since = this.#pinged || (this.state === "connecting" && !this.#asked ? this.#lastHeard : 0);
    if (since && now - since > PATIENCE) this.#lost(NO_CODE);
    else if (this.state === "in" && !this.#pinged && now - this.#lastHeard > QUIET) this.#ping();
  }

  #ping() {
    this.listener.ping();
    this.#pinged ||= performance.now();
  }

  /** @param {State} state */
  #become(state, retryAt = 0) {
    this.state = state;
    this.listener.changed(state, retryAt);
  }
}
