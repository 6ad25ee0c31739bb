/**
 * The WebSocket: the answer to `NICK`, whether the server still answers, and coming back by itself.
 *
 * It hands each message on as an object and knows nothing of what is in it, but for what decides whether one is in:
 * `NICK` asks for a nickname, `welcome` says that it will do, an `error` before that why it will not.
 */

const QUIET = 30_000; // nothing heard for this long: ask
const PATIENCE = 15_000; // no answer for this long: the connection is gone
const WAITS = [1, 2, 4, 8, 15, 30]; // seconds before each try to come back; the last one stays

export class Connection {
  #socket = null;
  #wanted = false;
  #asked = false;
  #refusal = null;
  #tries = 0;
  #retry = 0;
  #lastHeard = 0;
  #pinged = 0;

  /**
   * @param {string|URL} address
   * @param {object} listener `hello()` gives the answer to NICK; `message(object)` is called with each message;
   *   `refused(error)` when the nickname will not do, with the connection still open or not; `changed(state,
   *   retryAt)` with "closed", "connecting", "in" or "waiting".
   */
  constructor(address, listener) {
    this.address = address;
    this.listener = listener;
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

  /** Try again at once, if a try is waiting for its time; else see whether the server still answers. */
  hurry() {
    if (this.state === "waiting") this.#connect();
    else if (this.state === "in" && Date.now() - this.#lastHeard > PATIENCE) this.#ping();
  }

  /** @returns {boolean} whether the line was handed to the socket */
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
    this.#asked = false;
    this.#refusal = null;
    this.#lastHeard = Date.now();
    this.#pinged = 0;
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = () => this.#lost();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  #heard(data) {
    this.#lastHeard = Date.now();
    this.#pinged = 0;
    if (data === "NICK") {
      this.#asked = true;
      const refusal = this.#refusal;
      this.#refusal = null;
      if (refusal) this.listener.refused(refusal);
      else this.#answer();
      return;
    }
    const message = parsed(data);
    if (message === null) return;
    if (message.kind === "welcome") {
      this.#asked = false;
      this.#tries = 0;
      this.#become("in");
    } else if (this.state !== "in" && message.kind === "error") {
      // Which nickname will not do says more than that it was the last try.
      if (message.code !== "too-many-tries" || !this.#refusal) this.#refusal = message;
      return;
    }
    this.listener.message(message);
  }

  #answer() {
    this.#socket.send(this.listener.hello());
  }

  #lost() {
    const refusal = this.#refusal;
    this.#drop();
    this.#asked = false;
    this.#refusal = null;
    if (!this.#wanted) this.#become("closed");
    else if (refusal) this.listener.refused(refusal);
    else this.#wait();
  }

  #wait() {
    const seconds = WAITS[Math.min(this.#tries++, WAITS.length - 1)];
    // Not all pages at once, when the server comes back.
    const delay = seconds * 1000 * (0.8 + 0.4 * Math.random());
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#become("waiting", Date.now() + delay);
  }

  #look() {
    if (this.state !== "in" && this.state !== "connecting") return;
    const now = Date.now();
    const since = this.#pinged || (this.state === "connecting" && !this.#asked ? this.#lastHeard : 0);
    if (since && now - since > PATIENCE) this.#lost();
    else if (this.state === "in" && !this.#pinged && now - this.#lastHeard > QUIET) this.#ping();
  }

  #ping() {
    this.send("/ping");
    this.#pinged ||= Date.now();
  }

  #become(state, retryAt = 0) {
    this.state = state;
    this.listener.changed(state, retryAt);
  }
}

/** The object in a message; what a server says in plain text before it closes is an error like others. */
function parsed(data) {
  try {
    const message = JSON.parse(data);
    return typeof message?.kind === "string" ? message : null;
  } catch {
    return { kind: "error", code: "error", text: String(data).replace(/^! /, "") };
  }
}
