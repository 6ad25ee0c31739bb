/**
 * Messages of the server: the shape of each (docs/protocol.rst, "JSON lines"), and reading one. A message is an event,
 * of a kind that kinds.js has, or an answer to this page alone. What comes of a request has the request's `ref`.
 */

import { kindOf } from "./kinds.js";

/** @import { EventKind } from "./kinds.js" */
/** @import { Limits } from "./limits.js" */

/**
 * Something that happened in a room.
 * @typedef {object} RoomEvent
 * @property {number} [id] grows with every event of a history; what no log keeps has none
 * @property {number} at seconds since 1970, UTC
 * @property {EventKind} kind
 * @property {string} room
 * @property {string} nick the nickname of whoever did it
 * @property {string} text by kind: the words, the reason, the new nickname, the topic
 * @property {number} [about] the id of another event that this one is about
 * @property {Record<string, unknown>} [extras] further data of a kind
 * @property {string} [ref]
 */

/** @typedef {{room: string, size: number, topic: string}} RoomSummary */
/** @typedef {{room: string, topic: string, people: string[], size: number, after?: string, more?: true}} Roster */
/** @typedef {{name: string, arguments: string, help: string, in_room: boolean}} CommandHelp in_room: about the room */
/** @typedef {{nick: string, history: string, limits: Limits, commands: CommandHelp[]}} Greeting */

/**
 * The fields of each kind of answer, beside its `kind`.
 * @typedef {object} AnswerFields
 * @property {Roster & Greeting} welcome the page is in, by this nickname; `history` names what the ids are of
 * @property {Roster} people who is in a room: perhaps only a few of `size`, those behind `after`
 * @property {{rooms: RoomSummary[], words?: string, after?: string, more?: true}} rooms a page of those with `words`
 * @property {{room: string, events: RoomEvent[], more: boolean}} history a part of what was said, oldest first
 * @property {{room: string, words: string, events: RoomEvent[]}} found what a search has found, oldest first
 * @property {{code: string, text: string}} reset what was known is not what is here: something may have been missed
 * @property {{room: string}} past the events from here to `live` happened before the page came in
 * @property {{}} live
 * @property {{room: string}} speaking the room that requests are for which name none; empty for none
 * @property {{at: number, nick: string, to: string, text: string, notice?: true}} private
 * @property {{nick: string, room: string}} invited somebody asks the user to come into a room
 * @property {{text: string}} notice the server speaks
 * @property {{event?: number}} done it was done before; the id of the event that came of it
 * @property {{room: string, nick: string, text: string}} gone somebody left, which the log could not keep
 * @property {{text: string}} pong
 * @property {{code: string, text: string}} error
 */

/** @typedef {keyof AnswerFields} AnswerKind */

/**
 * An answer is for this page alone.
 * @template {AnswerKind} [K=AnswerKind]
 * @typedef {{[P in K]: {kind: P, ref?: string} & AnswerFields[P]}[K]} Answer
 */

/** @typedef {RoomEvent|Answer} Message */

/**
 * Read one message of the WebSocket. A sentence in plain text, which a server may say before it closes, is an error
 * like others.
 * @param {unknown} data
 * @returns {Message|null} null for something that is no message
 */
export function readMessage(data) {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data);
    return typeof message?.kind === "string" ? message : null;
  } catch {
    return { kind: "error", code: "error", text: data.replace(/^! /, "") };
  }
}

/**
 * The ids of the messages that a removal is about.
 * @param {RoomEvent} removal
 * @returns {Set<unknown>}
 */
export function removedIds({ about, extras }) {
  return new Set(Array.isArray(extras?.ids) ? extras.ids : [about]);
}

/**
 * The mark that stays in the place of a message.
 * @template {{kind: string, text: string}} T
 * @param {T} message
 * @param {RoomEvent} removal
 */
export function markOf(message, { nick, text, id }) {
  /** @type {EventKind} */
  const kind = "removed";
  return { ...message, kind, text, about: id, extras: { by: nick } };
}

/**
 * Whether a message is an event.
 * @param {Message} message
 * @returns {message is RoomEvent}
 */
export const isEvent = (message) => kindOf(message.kind) !== undefined;
