/** Texts that the user sends: as talk, as commands, and handed back to the field when they were refused. */

import { read } from "./typed.js";
import { commandOf, talkOf } from "./unacknowledged.js";

/** @import { Requests } from "./requests.js" */
/** @import { Store } from "./store.js" */
/** @import { Command } from "./typed.js" */
/** @import { Made } from "./unacknowledged.js" */
/** @import { Answer } from "./wire.js" */

const MANY_LINES = 30; // from which on the user is asked first
const MANY_MESSAGES = 5;
const TALK = new Set(["", "me", "msg"]); // commands that say something; the empty one is none

/** @typedef {Record<string, (typed: Command) => void>} Commands by name */
/** @typedef {{lines: number, messages: number, title: string}} Many a text that is long, and the place it goes to */

export class Typing {
  /**
   * @param {Store} store
   * @param {Requests} requests
   * @param {Commands} commands those that the page itself answers
   * @param {(place: string, text: string) => void} restore puts a text back into the field of a place
   * @param {(many: Many) => void} confirm asks the user whether so much is to be sent
   */
  constructor(store, requests, commands, restore, confirm) {
    this.store = store;
    this.requests = requests;
    this.commands = commands;
    this.restore = restore;
    this.confirm = confirm;
  }

  /**
   * @param {string} text
   * @param {boolean} pasted whether it begins with something that was pasted
   * @param {boolean} sure whether the user was asked already
   * @returns {boolean} false when nothing has come of it, and the text should stay
   */
  send(text, pasted = false, sure = false) {
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
    const ready = "talk" in what ? what.talk : [what.ready];
    const lines = text.split("\n").filter((line) => line.trim()).length;
    if (!sure && (lines > MANY_LINES || ready.length > MANY_MESSAGES)) {
      this.confirm({ lines, messages: ready.length, title: place.title });
      return false;
    }
    const kept = this.requests.make(place.key, ...ready) !== "";
    if (!kept) this.store.note("Too much is on its way already: the text stays here. Send it in a while.", "error");
    return kept;
  }

  /**
   * Send no more of what was said in a place: the part of it that has not left goes back into the field.
   * @param {string} place its key
   */
  stop(place) {
    const several = this.requests.unacknowledged.takeBack(place);
    const only = several.length === 1 && several[0];
    const text = several.map(({ request, typed }) => talkOf(request)?.text ?? typed).join("\n");
    if (several.length) this.restore(place, only ? only.typed : text);
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
