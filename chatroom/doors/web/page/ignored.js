/**
 * The people whom the user ignores. The server forgets them with each connection, so the page keeps them, tells the
 * server again, and hides what was said in the meantime.
 */

import { folded } from "./folding.js";

const MOST = 500;

/** @param {string} nickname */
const keyOf = (nickname) => folded(nickname.normalize("NFC"));

export class Ignored {
  /**
   * Nicknames as they were typed, by the form in which they are compared.
   * @type {Map<string, string>}
   */
  #names = new Map();

  /** Grows whenever somebody is ignored, or no longer. */
  version = 0;

  /** @returns {string[]} */
  get names() {
    return [...this.#names.values()];
  }

  /** @param {string|undefined} nickname */
  has(nickname) {
    return nickname !== undefined && this.#names.size > 0 && this.#names.has(keyOf(nickname));
  }

  /** @param {string[]} nicknames */
  restore(nicknames) {
    this.version += 1;
    for (const nickname of nicknames.slice(-MOST)) this.#names.set(keyOf(nickname), nickname);
  }

  /**
   * Follow a command that the server has done.
   * @param {string} command as it was typed
   */
  follow(command) {
    const [, un, nickname] = /^\/(un)?ignore\s+(\S+)\s*$/i.exec(command) ?? [];
    if (nickname === undefined) return;
    this.version += 1;
    if (un) this.#names.delete(keyOf(nickname));
    else this.restore([nickname]);
  }
}
