/** Coming in, coming back, and leaving: what is said to `NICK`, and what is done when a nickname will not do. */

import { size } from "./lines.js";
import * as memory from "./memory.js";

const GHOST = 150_000; // milliseconds for which a lost connection of one's own may hold one's nickname
/** Errors that have nothing to do with the nickname: the same one may do later. */
const NOT_THE_NAME = [
  "stopping",
  "not-kept",
  "too-many-clients",
  "too-many-from-host",
  "handshake-timeout",
  "history-broken",
  "error",
];
/** Errors that are about the rooms: without them, one may come in. */
const NOT_THE_ROOMS = ["room-name-refused", "too-many-rooms"];
const MOST_ROOMS = 3500; // bytes of their names

/** The room that the page's own address names: `#room=tea`. */
export function roomInAddress() {
  const name = new URLSearchParams(location.hash.slice(1)).get("room") ?? "";
  return /[\s,]/.test(name) ? "" : name;
}

export class Arrival {
  #ghostSince = 0;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./entrance.js").Entrance} entrance
   * @param {import("./status.js").Status} status
   * @param {{show: () => void, hide: () => void}} chat the part of the page behind the entrance
   */
  constructor(store, entrance, status, chat) {
    Object.assign(this, { store, entrance, status, chat });
    const last = memory.ofLastVisit();
    this.nickname = last.nickname ?? "";
    /** The rooms to enter while the store knows of none. */
    this.rooms = roomInAddress() ? [roomInAddress()] : (last.rooms ?? []);
  }

  /**
   * Go on where this tab was, or ask for a nickname.
   * @param {import("./connection.js").Connection} connection
   * @param {import("./composer.js").Composer} composer
   */
  begin(connection, composer) {
    this.connection = connection;
    const { nickname, places = [], lastId = 0, looking, drafts = {} } = memory.ofThisTab();
    composer.drafts = drafts;
    if (!nickname) {
      this.ask();
      return;
    }
    this.nickname = nickname;
    for (const { name, ...marks } of places) Object.assign(this.store.room(name), marks);
    this.store.lastId = lastId;
    this.store.look(this.store.rooms.get(looking) ?? this.store.nowhere);
    this.chat.show();
    connection.open();
  }

  /** Keep where one is. @param {Object<string, string>} drafts what was typed and not sent, by place */
  remember(drafts) {
    const { entered, me: nickname, lastId, view, active, rooms } = this.store;
    if (!entered) return;
    const looking = view.kind === "room" ? view.name : active;
    const places = [...rooms.values()].map(({ name, unread, mentioned, divider }) => {
      return { name, unread, mentioned, divider };
    });
    memory.keepForThisTab({ nickname, lastId, looking, places, drafts });
    memory.keepForNextVisit({ nickname, rooms: [...rooms.keys()] });
  }

  /** Come in by the nickname that was given at the entrance. */
  enter(nickname) {
    this.nickname = nickname;
    this.connection.open();
  }

  /** The answer to NICK. */
  hello() {
    const { store } = this;
    const last = store.view.kind === "room" ? store.view.name : store.active;
    const names = store.rooms.size ? [...store.rooms.keys()] : this.rooms;
    const inOrder = [...names.filter((name) => name !== last), ...names.filter((name) => name === last)];
    // A line has an end: what does not fit is left.
    while (size(inOrder.join()) > MOST_ROOMS) inOrder.shift();
    if (store.rooms.size) store.keep(inOrder);
    const rooms = inOrder.length ? ` room=${inOrder.join()}` : "";
    store.entering(store.lastId);
    return (store.me || this.nickname) + rooms + (store.lastId ? ` since=${store.lastId}` : "");
  }

  changed(state, retryAt) {
    if (state === "in") {
      this.#ghostSince = 0;
      this.entrance.hide();
      this.chat.show();
      this.status.show(state, 0);
      return;
    }
    this.store.lost();
    if (!this.entrance.shown) this.status.show(state, retryAt, this.#ghostSince > 0);
    else if (state === "waiting") this.entrance.say("The server does not answer. Trying again\u2026");
  }

  /** The server does not let us in. */
  refused({ code, text }) {
    const comingBack = !this.entrance.shown;
    const ghost = code === "nickname-taken" && Date.now() - (this.#ghostSince ||= Date.now()) < GHOST;
    if (NOT_THE_ROOMS.includes(code) && (this.rooms.length || this.store.rooms.size)) {
      this.rooms = [];
      this.store.keep([]);
      this.connection.open();
    } else if (!comingBack && code === "handshake-timeout") this.connection.close();
    else if (comingBack && (ghost || NOT_THE_NAME.includes(code))) this.connection.retryLater();
    else this.ask(text);
  }

  /** Ask for a nickname. @param {string} why what is wrong with the one before */
  ask(why = "") {
    this.#ghostSince = 0;
    this.nickname = this.store.me || this.nickname;
    this.store.me = "";
    this.chat.hide();
    this.entrance.show(this.nickname, this.rooms.length === 1 ? this.rooms[0] : "");
    if (why) this.entrance.refuse(why);
  }

  /** Come back by another name. */
  rename() {
    this.connection.close();
    this.ask();
  }

  /** Go, and forget in this tab where one was. */
  leave() {
    this.connection.send("/quit");
    this.connection.close();
    this.nickname = this.store.me;
    this.rooms = [...this.store.rooms.keys()];
    this.store.reset();
    memory.keepForThisTab({});
    this.ask();
  }
}
