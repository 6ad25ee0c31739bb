/** Coming in, coming back, and leaving: what handshake.js decides is done here, and shown. */

import { answerTo, remedyFor } from "./handshake.js";
import { randomText } from "./secrets.js";

/** @import { Composer, Drafts } from "./composer.js" */
/** @import { Connection, State } from "./connection.js" */
/** @import { Entrance } from "./entrance.js" */
/** @import { Memory } from "./memory.js" */
/** @import { Passes } from "./passes.js" */
/** @import { Requests } from "./requests.js" */
/** @import { Status } from "./status.js" */
/** @import { Store } from "./store.js" */
/** @import { Answer, Message } from "./wire.js" */

/** It begins the reason of those whose connection an operator has closed. */
const EXPELLED = "Killed (";

export class Arrival {
  /** The last notice that no request has asked for: if the server closes the connection, it says why. */
  #lastNotice = "";
  /** Whether there is something to keep: the user has been in. */
  #wasIn = false;

  /**
   * @param {object} parts
   * @param {Store} parts.store
   * @param {Connection} parts.connection
   * @param {Requests} parts.requests
   * @param {Memory} parts.memory
   * @param {Entrance} parts.entrance
   * @param {Passes} parts.passes
   * @param {Status} parts.status
   * @param {{show: () => void, hide: () => void}} parts.chat the part of the page behind the entrance
   * @param {string} room the room that the page's address names; empty for none
   */
  constructor({ store, connection, requests, memory, entrance, passes, status, chat }, room) {
    this.store = store;
    this.connection = connection;
    this.requests = requests;
    this.memory = memory;
    this.entrance = entrance;
    this.passes = passes;
    this.status = status;
    this.chat = chat;
    this.last = memory.ofLastVisit();
    const { last } = this;
    this.nickname = last.nickname;
    /** By it, the server knows that this tab comes back. Nobody else is told. */
    this.client = randomText();
    /** Bytes in a line, while the store does not know. */
    this.line = last.line || Infinity;
    /** The rooms to enter while the store knows of none. */
    this.rooms = room ? [room] : last.rooms;
    /** The room that the page's address names, until the user is there; empty for none. */
    this.wanted = room;
  }

  /** @returns {string} the room that is still to be entered, once; empty for none */
  takeWanted() {
    const { wanted, store } = this;
    this.wanted = "";
    return wanted === store.view.name ? "" : wanted;
  }

  /**
   * Go on where this tab was, or ask for a nickname.
   * @param {Composer} composer
   */
  begin(composer) {
    const { client, nickname, places, history, lastId, looking, ignored, drafts, unacknowledged } =
      this.memory.ofThisTab();
    composer.drafts = drafts;
    this.client = client || this.client;
    this.requests.restore(unacknowledged);
    this.store.ignored.restore(ignored.length ? ignored : this.last.ignored);
    if (!nickname) {
      this.#beginAnew();
      return;
    }
    this.nickname = nickname;
    for (const { name, ...marks } of places) Object.assign(this.store.room(name), marks);
    this.store.history = history;
    this.store.lastId = lastId;
    this.store.look(this.store.rooms.get(looking) ?? this.store.nowhere);
    this.chat.show();
    this.connection.open();
  }

  /** Come in as at the last visit, unless the user has left the chat then; what was missed since is new. */
  #beginAnew() {
    const { nickname, history, lastId, rooms } = this.last;
    if (!nickname || !lastId) {
      this.ask();
      return;
    }
    this.rooms = [...new Set([...rooms, ...this.rooms])];
    this.store.history = history;
    this.store.lastId = lastId;
    this.chat.show();
    this.connection.open();
  }

  /**
   * Keep where the user is.
   * @param {Drafts} drafts
   */
  remember(drafts) {
    const { entered, me: nickname, history, lastId, home, rooms, limits } = this.store;
    this.#wasIn ||= entered;
    if (!this.#wasIn || !nickname) return;
    const { client } = this;
    const unacknowledged = this.requests.unacknowledged.all;
    const places = [...rooms.values()].map(({ name, unread, mentioned, divider, mention }) => {
      return { name, unread, mentioned, divider, mention };
    });
    const ignored = this.store.ignored.names;
    const looking = home.name;
    // The last one is the one to look at.
    const inOrder = [...rooms.keys()].filter((name) => name !== looking).concat(looking || []);
    const where = { nickname, history, lastId, ignored };
    this.memory.keepForThisTab({ ...where, client, looking, places, drafts, unacknowledged });
    this.memory.keepForNextVisit({ ...where, rooms: inOrder, line: limits.line });
  }

  /**
   * Come in by the nickname that was given at the entrance.
   * @param {string} nickname
   */
  enter(nickname) {
    this.nickname = nickname;
    this.connection.open();
  }

  /** The answer to NICK. */
  hello() {
    const { store } = this;
    const { line, rooms } = answerTo(
      {
        nickname: store.me || this.nickname,
        client: this.client,
        rooms: store.rooms.size ? [...store.rooms.keys()] : this.rooms,
        last: store.home.name,
        since: store.lastId,
        history: store.history,
        passes: this.passes.words(),
      },
      Math.min(store.limits.line, this.line),
    );
    if (store.rooms.size) store.keep(rooms);
    store.entering(store.lastId);
    return line;
  }

  /**
   * The connection has another state.
   * @param {State} state
   * @param {number} retryAt
   */
  changed(state, retryAt) {
    if (state === "in") {
      this.#lastNotice = "";
      this.passes.used();
      this.entrance.hide();
      this.chat.show();
      this.status.show(state, 0);
      return;
    }
    this.store.lost();
    if (!this.entrance.shown) this.status.show(state, retryAt, this.#lastNotice);
    else if (state === "waiting") this.entrance.say("The server does not answer. Trying again\u2026");
  }

  /**
   * Take notice of a message that may say why the server is about to close the connection.
   * @param {Message} message
   */
  heard(message) {
    if (!this.store.entered) return;
    if (message.kind === "notice" && !message.ref) this.#lastNotice = message.text;
    // Nobody comes back by themselves after an operator has closed their connection.
    else if (message.kind === "left" && message.nick === this.store.me && message.text.startsWith(EXPELLED)) {
      this.connection.dismissed();
    }
  }

  /**
   * The server does not let us in.
   * @param {Answer<"error">} error
   */
  refused({ code, text }) {
    const remedy = remedyFor(code, {
      comingBack: !this.entrance.shown,
      hasRooms: this.rooms.length + this.store.rooms.size > 0,
    });
    if (remedy === "later") this.connection.retryLater();
    else if (remedy === "close") this.connection.close();
    else if (remedy === "ask") {
      this.ask(text);
      this.passes.refused(code);
    } else {
      this.rooms = [];
      this.store.keep([]);
      this.connection.open();
    }
  }

  /** Ask for a nickname. @param {string} why what is wrong with the one before */
  ask(why = "") {
    this.nickname = this.store.me || this.nickname;
    this.store.me = "";
    this.chat.hide();
    this.entrance.show(this.nickname, (this.rooms.length === 1 && this.rooms[0]) || "");
    if (why) this.entrance.refuse(why);
  }

  /**
   * Go, and forget in this tab where the user was.
   * @param {string} command says goodbye
   */
  leave(command) {
    this.requests.ask(command);
    this.requests.reset();
    this.connection.close();
    this.#wasIn = false;
    this.client = randomText();
    this.nickname = this.store.me;
    this.rooms = [...this.store.rooms.keys()];
    const { nickname, rooms } = this;
    const { ignored, limits } = this.store;
    const visit = { nickname, rooms, ignored: ignored.names, line: limits.line };
    this.memory.keepForNextVisit({ ...visit, history: "", lastId: 0 });
    this.store.reset();
    this.memory.forgetThisTab();
    this.ask();
  }
}
