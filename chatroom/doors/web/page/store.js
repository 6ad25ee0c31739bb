/**
 * The state of the chat: the user's nickname, the rooms, the events in them. It is made from the server's messages
 * alone, in their order (docs/protocol.rst), and other modules show it: it knows no element of the page.
 */

import { Ignored } from "./ignored.js";
import { isInList, kindOf } from "./kinds.js";
import { NO_LIMITS } from "./limits.js";
import { isMentioned } from "./mentions.js";
import { Place } from "./places.js";
import { Timeline } from "./timeline.js";
import { commandOf } from "./unacknowledged.js";
import { isEvent, markOf, removedIds } from "./wire.js";

/** @import { Deed, Item } from "./timeline.js" */
/** @import { Made } from "./unacknowledged.js" */
/** @import { Answer, AnswerKind, CommandHelp, Message, RoomEvent, RoomSummary, Roster } from "./wire.js" */

const MAX_LOOKED_AT = 20_000; // items of the place that is looked at
const MAX_ELSEWHERE = 500; // and of any other
const MAX_PRIVATES = 100; // conversations

/**
 * @typedef {object} StoreListener
 * @property {() => void} changed anything is another than before
 * @property {() => void} moved another place is looked at
 * @property {(place: Place, item: Item) => void} heard something new that is not the user's own
 * @property {() => void} live everything that was missed is here
 * @property {(message: Answer<"found">) => void} found
 * @property {(error: Answer<"error">, made: Made|undefined) => boolean} refused gives whether the error has been shown
 */

/**
 * Older events that are on their way.
 * @typedef {object} Asked
 * @property {string} ref of the request
 * @property {string} room
 * @property {number} count
 * @property {RoomEvent[]} events those that have come
 * @property {Timeline} timeline
 * @property {number} trims of the timeline when they were asked for
 */

export class Store {
  /** @type {Place|undefined} the room that was looked at last */
  #lastRoom;
  /** The id that the server was told to go on after; 0 for none. */
  #since = 0;
  /** Whether events come that happened before the user came to the room. */
  #replaying = false;
  /** Whether the user is coming in: from `welcome` to `live`. */
  #arriving = false;
  /** @type {Asked|null} */
  #asked = null;

  /** @param {StoreListener} listener */
  constructor(listener) {
    this.listener = listener;
    /** Whether somebody looks at the page. */
    this.watched = true;
    this.me = "";
    /** @type {Map<string, Place>} */
    this.rooms = new Map();
    /**
     * The private conversations, by the nickname of the other person.
     * @type {Map<string, Place>}
     */
    this.privates = new Map();
    /**
     * The rooms that the server has listed.
     * @type {RoomSummary[]}
     */
    this.listed = [];
    /** Whether there are more rooms than it has listed. */
    this.listedInPart = false;
    this.nowhere = new Place("nowhere", "");
    /** The place that is looked at. */
    this.view = this.nowhere;
    /** Names the history that the ids are of. */
    this.history = "";
    this.lastId = 0;
    this.entered = false;
    this.limits = NO_LIMITS;
    this.ignored = new Ignored();
    /**
     * The commands, by name.
     * @type {Map<string, CommandHelp>}
     */
    this.commands = new Map();
  }

  /** Forget everything. */
  reset() {
    this.lost();
    this.me = this.history = "";
    this.rooms.clear();
    this.privates.clear();
    this.listed = [];
    this.listedInPart = false;
    this.view = this.nowhere = new Place("nowhere", "");
    this.lastId = this.#since = 0;
  }

  /** Every place that the user is in. */
  places() {
    return [...this.rooms.values(), ...this.privates.values()];
  }

  /** The room that is looked at, or was last; else the room that was entered last, or nowhere. */
  get home() {
    const known = this.#lastRoom && this.rooms.get(this.#lastRoom.name) === this.#lastRoom;
    return (known && this.#lastRoom) || [...this.rooms.values()].at(-1) || this.nowhere;
  }

  // Requests of the page.

  /**
   * Look at another place.
   * @param {Place} place
   */
  look(place) {
    if (place === this.view) return;
    this.view.known();
    this.view.timeline.trim(MAX_ELSEWHERE);
    this.view = place;
    if (place.kind === "room") this.#lastRoom = place;
    if (this.watched) place.seen();
    this.listener.moved();
    this.listener.changed();
  }

  /** @param {boolean} watched whether somebody looks at the page from now on */
  watch(watched) {
    if (watched === this.watched) return;
    this.watched = watched;
    if (watched) this.view.seen();
    else this.view.known();
    this.listener.changed();
  }

  /**
   * The private conversation with somebody.
   * @param {string} nickname
   */
  conversation(nickname) {
    const known = this.privates.get(nickname);
    if (known) return known;
    // Somebody who changes names and writes to us again and again must not fill the page.
    const idle = [...this.privates.values()].find((place) => place !== this.view);
    if (idle && this.privates.size >= MAX_PRIVATES) this.privates.delete(idle.name);
    const made = new Place("private", nickname, this.#keyFor(nickname));
    made.met = this.#isHere(nickname);
    this.privates.set(nickname, made);
    return made;
  }

  /**
   * The key of a new conversation: one that was begun with somebody who had this nickname before keeps its own.
   * @param {string} nickname
   */
  #keyFor(nickname) {
    const taken = new Set([...this.privates.values()].map(({ key }) => key));
    let key = `private:${nickname}`;
    // No nickname has a colon in it.
    for (let number = 2; taken.has(key); number += 1) key = `private:${nickname}:${number}`;
    return key;
  }

  /** @param {Place} conversation */
  end(conversation) {
    this.privates.delete(conversation.name);
    if (this.view === conversation) this.look(this.home);
    this.listener.changed();
  }

  /**
   * Ask for `count` older events of the room looked at, unless there is nothing to ask.
   * @param {number} count
   * @param {(command: string, room: string) => string} ask gives the ref of the request; empty when it cannot be made
   * @returns {boolean} whether they are on their way
   */
  askForOlder(count, ask) {
    const { kind, name, timeline } = this.view;
    if (kind === "room" && !timeline.complete && !this.#asked && this.entered) {
      const ref = ask(`/history ${count}${timeline.oldestId ? ` before ${timeline.oldestId}` : ""}`, name);
      if (ref) this.#asked = { ref, room: name, count, events: [], timeline, trims: timeline.trims };
    }
    return kind === "room" && this.#asked?.room === name;
  }

  /** The connection is gone: what was asked for will not come. */
  lost() {
    this.#asked = null;
    this.#replaying = this.#arriving = this.entered = false;
    this.listener.changed();
  }

  /**
   * Be in no other rooms than these.
   * @param {string[]} names
   */
  keep(names) {
    for (const name of [...this.rooms.keys()]) if (!names.includes(name)) this.rooms.delete(name);
    if (this.view.kind === "room" && !names.includes(this.view.name)) this.look(this.nowhere);
  }

  /** @param {number} since the id that the server was told to go on after; 0 for none */
  entering(since) {
    this.#since = since;
  }

  /**
   * Show something that the page itself says.
   * @param {string} text
   * @param {"notice"|"error"} kind
   */
  note(text, kind = "notice") {
    this.#remark(kind, text);
    this.listener.changed();
  }

  /**
   * The room of this name, which the user is in.
   * @param {string} name
   */
  room(name) {
    const known = this.rooms.get(name);
    if (known) return known;
    const made = new Place("room", name);
    this.rooms.set(name, made);
    return made;
  }

  // Messages of the server.

  /**
   * @param {Message} message
   * @param {Made} [made] the request that it answers, where that is known
   */
  take(message, made) {
    if (isEvent(message)) this.#event(message, made);
    else this.#answer(message, made);
    this.listener.changed();
  }

  /**
   * @param {RoomEvent} event
   * @param {Made|undefined} made
   */
  #event(event, made) {
    this.lastId = Math.max(this.lastId, event.id ?? 0);
    const mine = event.nick === this.me;
    if (event.kind === "joined" && mine && !this.#replaying) this.room(event.room);
    const place = this.rooms.get(event.room);
    const kind = kindOf(event.kind);
    if (!place || !kind) return;
    if (event.kind === "removal") {
      this.#removed(place, event);
      // The first part of a purge has told of all of them.
      if (event.extras?.more === true) return;
    }
    if (this.#isHidden(event)) return;
    if (isInList(event) && !this.#append(place, event)) return;
    if (kind.nature === "talk") this.#said(place, event, mine, kind.unread);
    if (this.#replaying) return;
    place.follow(event);
    // A connection that another one replaces is told that the user left every room; no request has asked for that.
    if (event.kind === "left" && mine && made && commandOf(made.request) === "leave") this.#gone(place);
    if (event.kind === "kicked") {
      const victim = String(event.extras?.["nick"]);
      if (victim === this.me) this.#gone(place);
      this.#cameOrWent(victim);
    } else if (event.kind === "renamed") this.#renamed(event.nick, event.text);
    else if (kind.nature === "membership") this.#cameOrWent(event.nick);
  }

  /**
   * Put marks in the place of messages, and in that of those which are on their way.
   * @param {Place} place
   * @param {RoomEvent} removal
   */
  #removed(place, removal) {
    place.timeline.remove(removal);
    if (this.#asked?.room !== place.name) return;
    const ids = removedIds(removal);
    this.#asked.events = this.#asked.events.map((event) => (ids.has(event.id) ? markOf(event, removal) : event));
  }

  /**
   * @param {Place} place
   * @param {RoomEvent} event
   * @param {boolean} mine
   * @param {boolean} counts whether it is unread until somebody looks
   */
  #said(place, event, mine, counts) {
    const missed = this.#replaying && this.#since > 0;
    if (mine) {
      if (!this.#replaying) place.known();
      return;
    }
    if (counts && (!this.#replaying || missed)) this.#unread(place, event, missed);
    if (!this.#replaying) this.listener.heard(place, event);
  }

  /**
   * @param {Place} place
   * @param {{id?: number, text: string}} message
   * @param {boolean} missed whether it was said while the user was away
   */
  #unread(place, { id, text }, missed) {
    const looking = place === this.view && this.watched;
    if (looking && !missed) return;
    place.divider ||= id ?? 0;
    const named = isMentioned(text, this.me);
    if (named) place.mention ||= id ?? 0;
    if (looking) {
      place.behind += 1;
      return;
    }
    place.unread += 1;
    place.mentioned ||= place.kind === "private" || named;
  }

  /**
   * Put an item into a place, within its bound.
   * @param {Place} place
   * @param {Item} item
   * @returns {boolean} false for an event that is there already
   */
  #append(place, item) {
    if (!place.timeline.append(item)) return false;
    // In steps, since each moves the whole list.
    const most = place === this.view ? MAX_LOOKED_AT : MAX_ELSEWHERE;
    if (place.timeline.items.length > most * 1.2) place.timeline.trim(most);
    return true;
  }

  /** @param {Place} place a room that the user is not in any more */
  #gone(place) {
    this.rooms.delete(place.name);
    if (this.view === place) this.look(this.home);
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  #renamed(from, to) {
    if (this.me === from) this.me = to;
    const conversation = this.privates.get(from);
    if (!conversation || this.privates.has(to)) return;
    this.privates.delete(from);
    conversation.name = to;
    this.privates.set(to, conversation);
  }

  /**
   * Put something that no log keeps into a place.
   * @param {Place} place
   * @param {Item} item
   */
  #local(place, item) {
    this.#append(place, item);
    if (item.nick !== this.me) this.listener.heard(place, item);
  }

  /**
   * @param {"notice"|"error"} kind
   * @param {string} text
   * @param {Place} place that it is about
   */
  #remark(kind, text, place = this.view) {
    const remark = { kind, at: Date.now() / 1000, text };
    this.#local(place, remark);
    // The user, whom it answers, looks at another place by now.
    if (place !== this.view) this.#local(this.view, { ...remark, text: `${place.title}: ${text}` });
  }

  /**
   * The place where a request was made; the one looked at where that is not known.
   * @param {Made|undefined} made
   */
  #placeOf(made) {
    return this.places().find(({ key }) => key === made?.place) ?? this.view;
  }

  // The answers, by kind.

  /**
   * @template {AnswerKind} K
   * @param {Answer<K>} answer
   * @param {Made|undefined} made
   */
  #answer(answer, made) {
    // A newer server may have kinds that this page does not know.
    if (Object.hasOwn(Store.#ANSWERS, answer.kind)) Store.#ANSWERS[answer.kind](this, answer, made);
  }

  /** @type {{[K in AnswerKind]: (store: Store, answer: Answer<K>, made: Made|undefined) => void}} */
  static #ANSWERS = {
    welcome: (store, answer) => store.#welcomed(answer),
    people: (store, answer, made) => store.#people(answer, made),
    rooms: (store, answer) => store.#roomsListed(answer),
    reset: (store, answer) => store.#startAnew(answer),
    past: (store, { room }) => store.#past(room),
    live: (store) => store.#live(),
    speaking: (store, answer, made) => store.#speaking(answer, made),
    private: (store, answer, made) => store.#whispered(answer, made),
    invited: (store, answer) => store.#invited(answer),
    notice: (store, { text }, made) => store.#announced(text, made),
    done: (store, answer, made) => store.#wasDone(answer, made),
    error: (store, answer, made) => store.#refused(answer, made),
    gone: (store, answer) => store.#left(answer),
    history: (store, answer) => store.#older(answer),
    found: (store, answer) => store.listener.found(answer),
    pong: () => {},
  };

  /** @param {Answer<"rooms">} answer */
  #roomsListed({ rooms, words, after, more }) {
    if (words || after) {
      const known = new Set(this.listed.map(({ room }) => room));
      this.listed = [...this.listed, ...rooms.filter(({ room }) => !known.has(room))];
    } else {
      this.listed = rooms;
      this.listedInPart = Boolean(more);
    }
  }

  /** @param {Answer<"welcome">} answer */
  #welcomed(answer) {
    this.me = answer.nick;
    this.history = answer.history;
    this.limits = answer.limits;
    this.commands = new Map(answer.commands.map((command) => [command.name, command]));
    this.#arriving = true;
    // The server tells that somebody is away when it happens, and not to those who come later.
    for (const place of this.rooms.values()) place.away.clear();
    const place = this.room(answer.room);
    Store.#introduce(place, answer);
    if (this.view.kind === "nowhere") this.look(place);
  }

  /**
   * Take in who is in a room, and its topic.
   * @param {Place} place
   * @param {Roster} roster
   */
  static #introduce(place, { people, size, topic, after }) {
    place.setPeople(people, size, Boolean(after));
    place.topic = topic;
  }

  /**
   * @param {Roster} roster
   * @param {Made|undefined} made
   */
  #people(roster, made) {
    const entering = this.#arriving || (made && commandOf(made.request) === "join");
    const place = entering ? this.room(roster.room) : this.rooms.get(roster.room);
    if (place) Store.#introduce(place, roster);
  }

  /**
   * The items that are here are of another history, or there is a gap behind them: begin anew.
   * @param {Answer<"reset">} answer
   */
  #startAnew({ text }) {
    this.#since = this.lastId = 0;
    for (const place of this.rooms.values()) {
      place.timeline = new Timeline();
      place.seen();
      place.known();
    }
    this.listener.moved();
    this.#remark("notice", text);
  }

  /** Whether the user ignores the speaker. @param {RoomEvent} event */
  #isHidden({ kind, nick }) {
    return kindOf(kind)?.nature === "talk" && this.ignored.has(nick);
  }

  /** @param {string} room */
  #past(room) {
    this.#replaying = true;
    const place = this.room(room);
    if (!this.#arriving) this.look(place);
  }

  #live() {
    this.#replaying = this.#arriving = false;
    this.#since = 0;
    this.entered = true;
    for (const nick of this.privates.keys()) this.#cameOrWent(nick);
    this.listener.live();
  }

  /**
   * The user has asked to join a room that they are in.
   * @param {Answer<"speaking">} answer
   * @param {Made|undefined} made
   */
  #speaking({ room }, made) {
    const place = this.rooms.get(room);
    if (place && made && commandOf(made.request) === "join") this.look(place);
  }

  /**
   * @param {Answer<"private">} answer
   * @param {Made|undefined} made
   */
  #whispered({ nick, to, at, text }, made) {
    if (this.ignored.has(nick)) return;
    const mine = nick === this.me;
    const place = this.conversation(mine ? to : nick);
    const id = place.timeline.newestId + 1;
    this.#local(place, { kind: "said", nick, at, text, id });
    if (!mine) this.#unread(place, { id, text }, false);
    else this.#hasWhispered(place, made);
  }

  /**
   * The user has said something in a conversation; if it was typed as a command elsewhere, they look there now.
   * @param {Place} conversation
   * @param {Made|undefined} made
   */
  #hasWhispered(conversation, made) {
    conversation.known();
    if (made && !made.place.startsWith("private:")) this.look(conversation);
  }

  /** @param {Answer<"invited">} answer */
  #invited({ nick, room }) {
    if (this.ignored.has(nick)) return;
    const text = `invites you to ${room}`;
    this.#local(this.view, { kind: "invited", at: Date.now() / 1000, nick, room, text });
    if (!this.watched) this.view.unread += 1;
  }

  /**
   * @param {string} text
   * @param {Made|undefined} made
   */
  #announced(text, made) {
    if (made && "do" in made.request) this.ignored.follow(made.request.do);
    // The page has said so to the server, and the user knows.
    if (made && !made.place) return;
    // The message of the day is for those who come, not for those who come back.
    if (!this.#arriving || !this.#since) this.#remark("notice", text, this.#placeOf(made));
  }

  /**
   * A request that was sent again had been done the first time. A private message, which no log keeps, has not been
   * shown yet.
   * @param {Answer<"done">} answer
   * @param {Made|undefined} made
   */
  #wasDone({ event }, made) {
    if (event) return;
    if (made && "do" in made.request) this.ignored.follow(made.request.do);
    const [, to, text] = (made && "do" in made.request && /^\/msg (\S+) (.+)$/.exec(made.request.do)) || [];
    if (!to || !text) return;
    const place = this.conversation(to);
    const id = place.timeline.newestId + 1;
    this.#local(place, { kind: "said", nick: this.me, at: Date.now() / 1000, text, id });
    this.#hasWhispered(place, made);
  }

  /**
   * Somebody has left, though the log could not keep that: nothing will say so again.
   * @param {Answer<"gone">} answer
   */
  #left({ room, nick, text }) {
    const place = this.rooms.get(room);
    if (!place) return;
    /** @type {Deed} */
    const event = { kind: "left", at: Date.now() / 1000, nick, text };
    this.#append(place, event);
    place.follow(event);
    this.#cameOrWent(nick);
  }

  /**
   * Whether somebody is in one of the user's rooms, as far as anybody can tell.
   * @param {string} nick
   */
  #isHere(nick) {
    return [...this.rooms.values()].some(({ people, unnamed }) => people.has(nick) || unnamed > 0);
  }

  /**
   * Say in the conversation with somebody that they can be seen no more, or again.
   * @param {string} nick
   */
  #cameOrWent(nick) {
    const place = this.privates.get(nick);
    if (!place) return;
    const gone = !this.#isHere(nick);
    if (place.gone === gone || (gone && !place.met)) return;
    place.met ||= !gone;
    place.gone = gone;
    place.version += 1;
    this.#append(place, { kind: gone ? "left" : "joined", at: Date.now() / 1000, nick, text: "" });
  }

  /**
   * @param {Answer<"error">} error
   * @param {Made|undefined} made
   */
  #refused(error, made) {
    if (error.ref && error.ref === this.#asked?.ref) this.#asked = null;
    // The request is sent again when the server is back.
    if (made?.place && error.code === "stopping") return;
    // The page itself has asked, and asks again when it has to.
    if (made && !made.place && commandOf(made.request) === "ignore") return;
    if (!this.listener.refused(error, made)) this.#remark("error", error.text, this.#placeOf(made));
  }

  /** @param {Answer<"history">} answer */
  #older({ room, events, more, ref }) {
    const asked = this.#asked;
    if (!asked || asked.ref !== ref) return;
    asked.events.push(...events);
    if (more) return;
    this.#asked = null;
    const timeline = this.rooms.get(room)?.timeline;
    // Only in front of what they were asked for: a timeline has no gap.
    if (!timeline || timeline !== asked.timeline || timeline.trims !== asked.trims) return;
    timeline.prepend(asked.events.filter((event) => isInList(event) && !this.#isHidden(event)));
    timeline.complete = asked.events.length < asked.count;
  }
}
