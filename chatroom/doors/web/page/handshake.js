/**
 * Coming in: the answer to `NICK`, and what to do when the server refuses.
 * It decides, and knows neither the connection nor the page: arrival.js acts on it.
 */

import { size } from "./limits.js";

/** Errors that have nothing to do with the nickname: the same one may do later. */
const NOT_THE_NAME = new Set([
  "stopping",
  "not-kept",
  "too-many-clients",
  "too-many-from-host",
  "handshake-timeout",
  "history-broken",
  "error",
]);
/** Errors that are about the rooms: without them, the user may come in. */
const NOT_THE_ROOMS = new Set([
  "room-name-refused",
  "too-many-rooms",
  "line-too-long",
  "banned",
  "invite-only",
  "room-for-members",
  "key-needed",
  "room-full",
]);

/**
 * The answer to NICK, and the rooms that it names: those that do not fit into the line are left out.
 * @param {object} wanted
 * @param {string} wanted.nickname
 * @param {string} wanted.client the secret by which the server knows that somebody comes back
 * @param {string[]} wanted.rooms
 * @param {string} wanted.last the room to look at, if it is one of them: it is named last
 * @param {number} wanted.since the id of the last event that is known; 0 for none
 * @param {string} wanted.history names the history that the id is of
 * @param {string[]} [wanted.passes] the words that let the user in to a closed server
 * @param {number} most bytes in a line; while that is not known, it is infinite, and one room is named
 */
export function answerTo({ nickname, client, rooms, last, since, history, passes = [] }, most) {
  const words = [nickname, "input=json", `client=${client}`, ...passes];
  if (since) words.push(history ? `since=${since}@${history}` : `since=${since}`);
  const named = [...rooms.filter((name) => name !== last), ...rooms.filter((name) => name === last)];
  if (most === Infinity) named.splice(0, named.length - 1);
  const line = () => [...words, ...(named.length ? [`room=${named.join()}`] : [])].join(" ");
  while (named.length && size(line()) > most) named.shift();
  return { line: line(), rooms: named };
}

/**
 * The answer to a refusal: come in without the rooms, stay away until somebody asks again, try again in a while, or ask
 * for another nickname. That a nickname is taken is no reason to wait: one's own dead connection makes way at once.
 * @typedef {"without-rooms"|"close"|"later"|"ask"} Remedy
 */

/**
 * @param {string} code of the error
 * @param {object} now
 * @param {boolean} now.comingBack whether the nickname has done before
 * @param {boolean} now.hasRooms whether rooms were asked for
 * @returns {Remedy}
 */
export function remedyFor(code, { comingBack, hasRooms }) {
  if (NOT_THE_ROOMS.has(code) && hasRooms) return "without-rooms";
  if (!comingBack) return code === "handshake-timeout" ? "close" : "ask";
  return NOT_THE_NAME.has(code) ? "later" : "ask";
}
