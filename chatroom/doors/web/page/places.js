/** A place where talk happens: a room, a private conversation, or nowhere. */

import { kindOf } from "./kinds.js";
import { Timeline } from "./timeline.js";

/** @import { Deed } from "./timeline.js" */

/** @typedef {"room"|"private"|"nowhere"} PlaceKind */

const LATELY = 200; // items among which those who spoke last are looked for

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
    /** The id of the first of them that names the user; 0 when none does. */
    this.mention = 0;
    /** The number of messages that were unread when the user came to look. */
    this.behind = 0;
    /** In a private conversation, whether the other person is in none of the user's rooms, and was before. */
    this.gone = false;
    /** In a private conversation, whether the other person was seen in one of the user's rooms. */
    this.met = false;
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
   * The nicknames of the others, those who spoke last first.
   * @param {string} me the user's nickname
   */
  nicknamesToOffer(me) {
    const here = this.kind === "private" ? new Set([this.name]) : this.people;
    const lately = this.timeline.items.slice(-LATELY).reverse();
    const speakers = lately.flatMap(({ kind, nick }) => (kindOf(kind)?.nature === "talk" && nick) || []);
    return [...new Set([...speakers.filter((nick) => here.has(nick)), ...here])].filter((nick) => nick !== me);
  }

  /**
   * Take in a list of who is here.
   * @param {string[]} people perhaps only the first few
   * @param {number} size how many there are in all
   * @param {boolean} [goesOn] whether they come behind those who are named already
   */
  setPeople(people, size, goesOn = false) {
    this.version += 1;
    this.people = new Set(goesOn ? [...this.people, ...people] : people);
    this.unnamed = Math.max(0, size - this.people.size);
    for (const nick of this.away.keys()) if (!this.people.has(nick)) this.away.delete(nick);
  }

  /**
   * Follow an event that changes who is here, in what way, or the topic.
   * @param {Pick<Deed, "kind"|"nick"|"text"|"extras">} event
   */
  follow({ kind, nick, text, extras }) {
    this.version += 1;
    if (kind === "joined") this.people.add(nick);
    else if (kind === "left") this.#remove(nick);
    else if (kind === "kicked") this.#remove(String(extras?.["nick"]));
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

  /** It is looked at. */
  seen() {
    this.behind = this.unread;
    this.unread = 0;
    this.mentioned = false;
  }

  /** Nothing that is here is new any more. */
  known() {
    this.divider = this.mention = this.behind = 0;
  }
}
