/** Where talk happens, as the page sees it: a room, a private conversation, or nowhere. */

import { Timeline } from "./timeline.js";

export class Place {
  /**
   * @param {"room"|"private"|"nowhere"} kind
   * @param {string} name of the room, or of the other person
   */
  constructor(kind, name) {
    this.kind = kind;
    this.name = name;
    /** Stays the same when the other person is called something else. */
    this.key = `${kind}:${name}`;
    this.topic = "";
    /** The nicknames that are known. */
    this.people = new Set();
    /** How many more there are whose nicknames are not. */
    this.unnamed = 0;
    /** Grows whenever one of these has changed. */
    this.version = 0;
    this.timeline = new Timeline();
    /** How much was said since one last looked. */
    this.unread = 0;
    /** Whether one's own name was among it. */
    this.mentioned = false;
    /** The id of the first event that is new to the reader; 0 when none is. */
    this.divider = 0;
  }

  /** What it is called where it is shown. */
  get title() {
    return this.kind === "room" ? `#${this.name}` : this.name || "No room";
  }

  get size() {
    return this.people.size + this.unnamed;
  }

  /** Take in a list of who is here, which may be only the first few. */
  setPeople(people, size) {
    this.version += 1;
    this.people = new Set(people);
    this.unnamed = Math.max(0, size - this.people.size);
  }

  /** Follow an event that changes who is here, or the topic. */
  follow({ kind, nick, text }) {
    this.version += 1;
    if (kind === "joined") this.people.add(nick);
    else if (kind === "left") this.#remove(nick);
    else if (kind === "renamed") {
      this.#remove(nick);
      this.people.add(text);
    } else if (kind === "topic") this.topic = text;
  }

  #remove(nick) {
    if (!this.people.delete(nick)) this.unnamed = Math.max(0, this.unnamed - 1);
  }

  /** It has been looked at. */
  seen() {
    this.unread = 0;
    this.mentioned = false;
  }
}
