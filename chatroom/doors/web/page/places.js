/** A place where talk happens: a room, a private conversation, or nowhere. */

import { Timeline } from "./timeline.js";

/** @import { Deed } from "./timeline.js" */

/** @typedef {"room"|"private"|"nowhere"} PlaceKind */

export class Place {
  /**
   * @param {PlaceKind} kind
   * @param {string} name of the room, or of the other person
   * @param {string} key of this place alone: it stays when the other person is called something else
   */
  constructor(kind, name, key = `${kind}:${name}`) {
    this.kind = kind;
    this.name = name;
    this.key = key;
    this.topic = "";
    /**
     * The nicknames that are known.
     * @type {Set<string>}
     */
    this.people = new Set();
    /**
     * Why those who are away are away, by nickname.
     * @type {Map<string, string>}
     */
    this.away = new Map();
    /** The number of people whose nicknames are not known. */
    this.unnamed = 0;
    /** Grows whenever one of these has changed. */
    this.version = 0;
    this.timeline = new Timeline();
    /** The number of messages since the user last looked. */
    this.unread = 0;
    /** Whether one of them names the user. */
    this.mentioned = false;
    /** The id of the first event that is new to the reader; 0 when none is. */
    this.divider = 0;
  }

  /** Its name as it is shown. */
  get title() {
    return this.kind === "room" ? `#${this.name}` : this.name || "No room";
  }

  /** The number of people here. */
  get size() {
    return this.people.size + this.unnamed;
  }

  /**
   * Take in a list of who is here.
   * @param {string[]} people perhaps only the first few
   * @param {number} size how many there are in all
   */
  setPeople(people, size) {
    this.version += 1;
    this.people = new Set(people);
    this.unnamed = Math.max(0, size - this.people.size);
    for (const nick of this.away.keys()) if (!this.people.has(nick)) this.away.delete(nick);
  }

  /**
   * Follow an event that changes who is here, in what way, or the topic.
   * @param {Pick<Deed, "kind"|"nick"|"text">} event
   */
  follow({ kind, nick, text }) {
    this.version += 1;
    if (kind === "joined") this.people.add(nick);
    else if (kind === "left") this.#remove(nick);
    else if (kind === "renamed") {
      const away = this.away.get(nick);
      this.#remove(nick);
      this.people.add(text);
      if (away) this.away.set(text, away);
    } else if (kind === "away") {
      if (text) this.away.set(nick, text);
      else this.away.delete(nick);
    } else if (kind === "topic") this.topic = text;
  }

  /** @param {string} nick */
  #remove(nick) {
    this.away.delete(nick);
    if (!this.people.delete(nick)) this.unnamed = Math.max(0, this.unnamed - 1);
  }

  /** It has been looked at. */
  seen() {
    this.unread = 0;
    this.mentioned = false;
  }
}
