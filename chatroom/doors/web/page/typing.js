/** What becomes of what one types: talk, commands, and what is handed back because it was not kept. */

import { read } from "./lines.js";
import { Outgoing } from "./outgoing.js";

/** Errors that answer something said, and the beginning of the key of the place where it was. */
const OF_TALK = { "not-kept": "", "line-too-long": "", "in-no-room": "", "no-such-nickname": "private:" };

export class Typing {
  #outgoing = new Outgoing();

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./connection.js").Connection} connection
   * @param {Object<string, (argument: string, line: string) => void>} commands those that the page itself answers
   * @param {(place: string, text: string) => void} restore puts a text back into the field of a place
   */
  constructor(store, connection, commands, restore) {
    Object.assign(this, { store, connection, commands, restore });
  }

  /** @returns {boolean} false when nothing has come of it, and the text should stay */
  send(typed) {
    const { command, argument, line, said, error } = read(typed, this.store.view);
    if (error) this.store.note(error, "error");
    else if (said) said.forEach((one) => this.#send(one.line, one.text));
    else if (Object.hasOwn(this.commands, command)) this.commands[command](argument, line);
    else if (command === "me" && argument) this.#send(line, line);
    else this.connection.send(line);
    return !error;
  }

  #send(line, text) {
    if (this.connection.send(line)) this.#outgoing.sent(this.store.view.key, text);
  }

  /** Something of one's own has come back. */
  echoed(place, { kind, text }) {
    this.#outgoing.echoed(place.key, kind === "acted" ? `/me ${text}` : text);
  }

  /** An error has come: what it answers goes back where it was typed. */
  refused(code) {
    const line = Object.hasOwn(OF_TALK, code) ? this.#outgoing.refused(OF_TALK[code]) : undefined;
    if (line) this.restore(line.place, line.text);
  }

  /** The connection is lost. */
  lost() {
    this.#outgoing.lost();
  }

  /** All that was missed is here: what has not come back by now never will. */
  caughtUp() {
    const texts = this.#outgoing.takeBack();
    for (const [place, text] of texts) this.restore(place, text);
    if (texts.size) this.store.note("The connection was lost before everything was sent: it is back in the field.");
  }
}
