/** Texts that the user sends: as talk, as commands, and handed back to the field when they were refused. */

import { read } from "./typed.js";
import { commandOf } from "./unacknowledged.js";

/** @import { Requests } from "./requests.js" */
/** @import { Store } from "./store.js" */
/** @import { Command } from "./typed.js" */
/** @import { Made } from "./unacknowledged.js" */
/** @import { Answer } from "./wire.js" */

const TALK = new Set(["", "me", "msg"]); // commands that say something; the empty one is none

/** @typedef {Record<string, (typed: Command) => void>} Commands by name */

export class Typing {
  /**
   * @param {Store} store
   * @param {Requests} requests
   * @param {Commands} commands those that the page itself answers
   * @param {(place: string, text: string) => void} restore puts a text back into the field of a place
   */
  constructor(store, requests, commands, restore) {
    this.store = store;
    this.requests = requests;
    this.commands = commands;
    this.restore = restore;
  }

  /**
   * @param {string} text
   * @param {boolean} pasted whether it begins with something that was pasted
   * @returns {boolean} false when nothing has come of it, and the text should stay
   */
  send(text, pasted = false) {
    const { view: place, limits, commands } = this.store;
    const what = read(text, { place, limits, commands, pasted });
    if ("error" in what) {
      this.store.note(what.error, "error");
      return false;
    }
    if ("command" in what && Object.hasOwn(this.commands, what.command)) {
      this.commands[what.command]?.(what);
      return true;
    }
    const kept = this.requests.make(place.key, ...("talk" in what ? what.talk : [what.ready]));
    if (!kept) this.store.note("Too much is on its way already: the text stays here. Send it in a while.", "error");
    return kept;
  }

  /**
   * A request was refused: talk goes back where it was typed.
   * @param {Made|undefined} made
   * @param {Answer<"error">} error
   */
  refused(made, { code }) {
    // The request is sent again when the server is back.
    if (code === "stopping" || !made?.typed) return;
    if (TALK.has(commandOf(made.request))) this.restore(made.place, made.typed);
  }

  /**
   * Some requests were lost with the connection, and are not sent again.
   * @param {Made[]} several
   */
  givenUp(several) {
    for (const { place, typed } of several) {
      if (typed) this.restore(place, typed);
      this.store.note(`The connection was lost in the middle of ${typed}. See whether it was done.`, "error");
    }
  }
}
