/** Shared by the tests of the page: a store with a listener, and messages of a server. */

import { Store } from "../../chatroom/doors/web/page/store.js";

/** @import { Item } from "../../chatroom/doors/web/page/timeline.js" */
/** @import { Made } from "../../chatroom/doors/web/page/unacknowledged.js" */
/** @import { Answer, Message, RoomEvent, Roster } from "../../chatroom/doors/web/page/wire.js" */

export const NOON = 1_795_340_461;
export const LIMITS = { line: 4096, message: 4096, lines: 100, nickname: 32 };

/** The commands that a server has, with what a welcome says of each. */
export const COMMANDS = [
  ...["me", "topic", "who", "leave"].map((name) => ({ name, arguments: "", help: "", in_room: true })),
  ...["msg", "nick", "join", "quit"].map((name) => ({ name, arguments: "", help: "", in_room: false })),
];

/**
 * An event of the lobby at noon, said by bob, unless `fields` say otherwise.
 * @param {number} id
 * @param {Partial<RoomEvent>} fields
 * @returns {RoomEvent & {id: number}}
 */
export const event = (id, fields = {}) => ({
  id,
  at: NOON + id,
  kind: "said",
  room: "lobby",
  nick: "bob",
  text: `line ${id}`,
  ...fields,
});

/**
 * Events with the ids from `first` to `last`.
 * @param {number} first
 * @param {number} last
 * @param {Partial<RoomEvent>} fields
 */
export const events = (first, last, fields = {}) =>
  Array.from({ length: last - first + 1 }, (_, index) => event(first + index, fields));

/**
 * @param {string[]} people
 * @param {Partial<Roster>} fields
 * @returns {Roster}
 */
export const roster = (people, fields = {}) => ({ room: "lobby", topic: "", people, size: people.length, ...fields });

/**
 * What a newcomer is told first.
 * @param {string[]} people in the lobby
 * @param {Partial<Roster>} fields
 * @returns {Answer<"welcome">}
 */
export const welcome = (people, fields = {}) => ({
  kind: "welcome",
  nick: "alice",
  history: "0a1b2c",
  limits: LIMITS,
  commands: COMMANDS,
  ...roster(people, fields),
});

/**
 * A request with this command, which was made in a place.
 * @param {string} command
 * @param {string} place its key
 * @returns {Made}
 */
export const made = (command, place = "room:lobby") => ({ request: { do: command, ref: "r" }, place, typed: command });

/** A page's store, and what it has told. */
export class Page {
  constructor() {
    /** @type {string[]} what was said by others, and where, as a listener is told */
    this.heard = [];
    /** @type {string[]} the codes of the errors */
    this.refused = [];
    /** @type {string[][]} the texts of what was found */
    this.found = [];
    this.moves = 0;
    this.lives = 0;
    this.store = new Store({
      changed: () => {},
      moved: () => {
        this.moves += 1;
      },
      heard: (place, { text }) => this.heard.push(`${place.title}: ${text}`),
      live: () => {
        this.lives += 1;
      },
      found: ({ events: told }) => this.found.push(told.map(({ text }) => text)),
      refused: ({ code }) => {
        this.refused.push(code);
        return code === "nothing-to-search";
      },
    });
  }

  /**
   * The server says this.
   * @param {...Message} messages
   */
  hears(...messages) {
    for (const message of messages) this.store.take(message);
    return this;
  }

  /**
   * The server answers a request with this.
   * @param {Made} request
   * @param {...Message} messages
   */
  isAnswered(request, ...messages) {
    for (const message of messages) this.store.take({ ...message, ref: request.request.ref }, request);
    return this;
  }

  /**
   * Ask for older events of the room looked at.
   * @returns {string|undefined} the command that asks for them; undefined when there is none
   */
  asksForOlder() {
    /** @type {string|undefined} */
    let asked;
    this.store.askForOlder(50, (command) => {
      asked = command;
      return "older";
    });
    return asked;
  }

  /**
   * Come in to the lobby as alice, with bob there, and then to more rooms.
   * @param {{past?: RoomEvent[], id?: number, rooms?: string[]}} coming with the past that is shown before, and the
   *   id of one's own first event
   */
  enters({ past = [], id = 100, rooms = [] } = {}) {
    this.hears(
      welcome(["bob", "alice"]),
      ...rooms.map((room) => /** @type {Message} */ ({ kind: "people", ...roster(["alice"], { room }) })),
      { kind: "past", room: "lobby" },
      ...past,
      { kind: "live" },
      ...["lobby", ...rooms].map((room, index) => event(id + index, { kind: "joined", nick: "alice", text: "", room })),
    );
    return this;
  }

  /**
   * The room of this name, which must be there.
   * @param {string} name
   */
  room(name) {
    const found = this.store.rooms.get(name);
    if (!found) throw new Error(`not in ${name}`);
    return found;
  }

  /**
   * The texts of what is in a room.
   * @param {string} room
   */
  texts(room = "lobby") {
    return this.room(room).timeline.items.map(({ text }) => text);
  }
}

/**
 * The ids of items, for comparing lists of them.
 * @param {Item[]} items
 */
export const ids = (items) => items.map(({ id }) => id);
