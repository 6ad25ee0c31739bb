/**
 * What is known: who one is, which rooms there are, what was said in them. Made from the server's messages alone, in
 * their order (docs/protocol.rst), and shown by others: it knows no element of the page.
 */

import { Place } from "./places.js";
import { mentions } from "./text.js";
import { Timeline } from "./timeline.js";

const TALK = new Set(["said", "acted", "noticed"]);
const MAX_LOOKED_AT = 20_000; // items of the place that one is looking at
const MAX_ELSEWHERE = 500; // and of any other
const MAX_PRIVATES = 100; // conversations

export class Store {
  /**
   * @param {object} listener `changed()` when anything is; `heard(place, item)` for what is new and not one's own;
   *   `echoed(place, item)` for one's own; `live()` when all that was missed is here; `found(message)`;
   *   `refused(error)`, which gives whether the error has been shown; `moved()` when another place is looked at.
   */
  constructor(listener) {
    this.listener = listener;
    /** Whether somebody looks at the page. */
    this.watched = true;
    this.reset();
  }

  reset() {
    this.me = "";
    /** The room that one speaks in, as far as the server has said. */
    this.active = "";
    this.rooms = new Map();
    this.privates = new Map();
    /** The rooms that there are: objects with `room`, `size` and `topic`. */
    this.listed = [];
    this.nowhere = new Place("nowhere", "");
    this.view = this.nowhere;
    this.lastId = 0;
    this.entered = false;
    this.asked = null;
    /** How many answers to come say that one speaks in a room that is looked at already. */
    this.switching = 0;
    /** Whether one is on the way to another room: until then nobody can say where a line would go. */
    this.moving = false;
    this.since = 0;
    this.replaying = this.arriving = false;
    this.expected = null;
  }

  // What the page asks for.

  /** Look at another place. */
  look(place) {
    if (place === this.view) return;
    this.view.divider = 0;
    this.view.timeline.trim(MAX_ELSEWHERE);
    this.view = place;
    if (this.watched) place.seen();
    this.listener.moved();
    this.listener.changed();
  }

  /** @param {boolean} watched whether somebody looks at the page from now on */
  watch(watched) {
    this.watched = watched;
    if (watched) this.view.seen();
    else this.view.divider = 0;
    this.listener.changed();
  }

  conversation(nickname) {
    if (!this.privates.has(nickname)) {
      // Whoever changes names and writes to us again and again must not fill the page.
      const idle = [...this.privates.values()].find((place) => place !== this.view);
      if (this.privates.size >= MAX_PRIVATES) this.privates.delete(idle.name);
      this.privates.set(nickname, new Place("private", nickname));
    }
    return this.privates.get(nickname);
  }

  end(conversation) {
    this.privates.delete(conversation.name);
    if (this.view === conversation) this.look(this.rooms.get(this.active) ?? this.nowhere);
    this.listener.changed();
  }

  /** The command that asks for `count` older events of the room looked at; null when there is nothing to ask. */
  askForOlder(count) {
    const { kind, name, timeline } = this.view;
    if (kind !== "room" || timeline.complete || this.asked || this.moving || !this.entered) return null;
    this.asked = { room: name, count, events: [] };
    return `/history ${count}${timeline.oldestId ? ` before ${timeline.oldestId}` : ""}`;
  }

  /** The connection is gone: what was asked for will not come. */
  lost() {
    this.asked = this.expected = null;
    this.replaying = this.arriving = this.entered = this.moving = false;
    this.listener.changed();
  }

  /** Be in no other rooms than those of these names. */
  keep(names) {
    for (const name of [...this.rooms.keys()]) if (!names.includes(name)) this.rooms.delete(name);
    if (this.view.kind === "room" && !names.includes(this.view.name)) this.look(this.nowhere);
  }

  /** @param {number} since the id that the server was told to go on after; 0 for none */
  entering(since) {
    this.since = since;
  }

  /** Something that the page itself says. */
  note(text, kind = "notice") {
    this.#local(this.view, { kind, text });
    this.listener.changed();
  }

  // What the server says.

  take(message) {
    if (Number.isInteger(message.id)) this.#event(message);
    else ANSWERS.get(message.kind)?.(this, message);
    this.listener.changed();
  }

  #event(event) {
    if (this.since && event.id <= this.since) this.#forget();
    if (!this.replaying) this.since = 0;
    this.lastId = Math.max(this.lastId, event.id);
    const mine = event.nick === this.me;
    if (event.kind === "joined" && mine && !this.replaying) this.room(event.room);
    const place = this.rooms.get(event.room);
    if (!place || !place.timeline.append(event)) return;
    if (TALK.has(event.kind)) this.#said(place, event, mine);
    if (this.replaying) return;
    place.follow(event);
    if (event.kind === "left" && mine) this.#gone(place);
    if (event.kind === "renamed") this.#renamed(event.nick, event.text);
  }

  /** The server's log is another one than that of which we know: begin anew. */
  #forget() {
    this.since = 0;
    this.lastId = 0;
    for (const place of this.rooms.values()) {
      place.timeline = new Timeline();
      place.divider = 0;
      place.seen();
    }
    this.listener.moved();
  }

  #said(place, event, mine) {
    const missed = this.replaying && this.since > 0;
    if (mine) this.listener.echoed(place, event);
    else if (!this.replaying || missed) this.#unread(place, event, missed);
    if (!mine && !this.replaying) this.listener.heard(place, event);
    this.#trim(place);
  }

  #unread(place, event, missed) {
    const looking = place === this.view && this.watched;
    if (looking && !missed) return;
    place.divider ||= event.id ?? 0;
    if (looking) return;
    place.unread += 1;
    place.mentioned ||= place.kind === "private" || mentions(event.text, this.me);
  }

  #trim(place) {
    // In steps, since each moves the whole list.
    const most = place === this.view ? MAX_LOOKED_AT : MAX_ELSEWHERE;
    if (place.timeline.items.length > most * 1.2) place.timeline.trim(most);
  }

  #gone(place) {
    this.moving = false;
    this.rooms.delete(place.name);
    if (this.view === place) this.look(this.rooms.get(this.active) ?? this.nowhere);
  }

  #renamed(from, to) {
    if (this.me === from) this.me = to;
    const conversation = this.privates.get(from);
    if (!conversation || this.privates.has(to)) return;
    this.privates.delete(from);
    conversation.name = to;
    this.privates.set(to, conversation);
  }

  #local(place, item) {
    const made = { at: Date.now() / 1000, ...item };
    place.timeline.append(made);
    this.#trim(place);
    if (item.nick !== this.me) this.listener.heard(place, made);
  }

  /** The room of this name, which one is in. */
  room(name) {
    if (!this.rooms.has(name)) {
      const made = new Place("room", name);
      if (this.expected?.room === name) ANSWERS.get("people")(this, this.expected, made);
      this.rooms.set(name, made);
    }
    return this.rooms.get(name);
  }

  welcomed({ nick, room, topic, people, size }) {
    this.me = nick;
    this.active = room;
    this.switching = 0;
    this.arriving = true;
    const place = this.room(room);
    place.setPeople(people, size);
    place.topic = topic;
    if (this.view.kind === "nowhere") this.look(place);
  }

  past({ room }) {
    this.replaying = true;
    this.moving = false;
    this.active = room;
    this.switching = 0;
    const place = this.room(room);
    if (!this.arriving) this.look(place);
  }

  live() {
    this.replaying = this.arriving = false;
    this.entered = true;
    this.listener.live();
  }

  speaking({ room }) {
    this.moving = false;
    this.active = room;
    if (this.switching > 0) this.switching -= 1;
    if (this.switching === 0 && this.view.kind !== "private") this.look(this.rooms.get(room) ?? this.nowhere);
  }

  whispered({ nick, to, at, text }) {
    const mine = nick === this.me;
    const place = this.conversation(mine ? to : nick);
    this.#local(place, { kind: "said", nick, at, text });
    if (mine) this.listener.echoed(place, { kind: "said", text });
    else this.#unread(place, { text }, false);
  }

  announced({ text }) {
    // The message of the day is for those who come, not for those who come back.
    if (!this.arriving || !this.since) this.#local(this.view, { kind: "notice", text });
  }

  /** Somebody has left, though the log could not keep that: nothing will say so again. */
  left({ room, nick, text }) {
    const place = this.rooms.get(room);
    if (!place) return;
    const event = { kind: "left", at: Date.now() / 1000, nick, text };
    place.timeline.append(event);
    place.follow(event);
  }

  refused({ code, text }) {
    this.moving = false;
    if (code === "no-history" || code === "in-no-room") this.asked = null;
    if (!this.listener.refused({ code, text })) this.#local(this.view, { kind: "error", text });
  }

  older({ room, events, more }) {
    const { asked } = this;
    if (!asked) return;
    asked.events.push(...events);
    if (more) return;
    this.asked = null;
    const timeline = this.rooms.get(room)?.timeline;
    if (!timeline || asked.room !== room) return;
    timeline.prepend(asked.events);
    timeline.complete = asked.events.length < asked.count;
  }
}

/** Who is in a room: one that we are in, or are about to be. */
function people(store, message, place = store.rooms.get(message.room)) {
  if (!place && store.arriving) place = store.room(message.room);
  if (!place) {
    store.expected = message;
    return;
  }
  place.setPeople(message.people, message.size);
  place.topic = message.topic;
}

const ANSWERS = new Map([
  ["welcome", (store, message) => store.welcomed(message)],
  ["people", people],
  ["rooms", (store, message) => (store.listed = message.rooms)],
  ["past", (store, message) => store.past(message)],
  ["live", (store) => store.live()],
  ["speaking", (store, message) => store.speaking(message)],
  ["private", (store, message) => store.whispered(message)],
  ["notice", (store, message) => store.announced(message)],
  ["error", (store, message) => store.refused(message)],
  ["gone", (store, message) => store.left(message)],
  ["history", (store, message) => store.older(message)],
  ["found", (store, message) => store.listener.found(message)],
]);
