/**
 * The page's memory, which stays in the browser: for this tab, the nickname, the rooms and the last event, so that a
 * reload goes on where it was; for the next visit, the nickname and the rooms.
 */

/** @import { Drafts } from "./composer.js" */
/** @import { Made, Request } from "./unacknowledged.js" */

const KEY = "chatroom";
const SECRET = /^[\x21-\x7e]{16,64}$/;

/** @typedef {{name: string, unread: number, mentioned: boolean, divider: number, mention: number}} PlaceMarks */
/**
 * The state of this tab when it was last loaded.
 * @typedef {object} TabMemory
 * @property {string} client the secret by which the server knows that the tab comes back; empty for none
 * @property {string} nickname
 * @property {string} history names the history that the id is of
 * @property {number} lastId
 * @property {string} looking the room that the user looked at, or spoke in
 * @property {PlaceMarks[]} places
 * @property {string[]} ignored nicknames
 * @property {Drafts} drafts
 * @property {Made[]} unacknowledged requests, oldest first
 */
/**
 * The state of the last visit, by whatever tab.
 * @typedef {object} VisitMemory
 * @property {string} nickname
 * @property {string[]} rooms
 * @property {number} line bytes in a line; 0 if not known
 * @property {string[]} ignored nicknames
 * @property {string} history names the history that the id is of
 * @property {number} lastId the last event that was seen; 0 for none, or when the user has left the chat
 */

/** @typedef {() => Pick<Storage, "getItem"|"setItem">} Keeper gives the storage; a browser may refuse, and throw */

export class Memory {
  /**
   * @param {Keeper} tab keeps something until the tab is closed
   * @param {Keeper} visits keeps something until the next visit
   */
  constructor(tab, visits) {
    this.tab = tab;
    this.visits = visits;
  }

  /** @returns {TabMemory} empty in a new tab */
  ofThisTab() {
    const { client, nickname, history, lastId, looking, places, ignored, drafts, unacknowledged } = read(this.tab);
    return {
      client: SECRET.test(text(client)) ? text(client) : "",
      history: text(history),
      nickname: text(nickname),
      lastId: number(lastId),
      looking: text(looking),
      places: list(places).flatMap((place) => marksOf(place) ?? []),
      ignored: names(ignored),
      drafts: texts(drafts),
      unacknowledged: list(unacknowledged).flatMap((made) => madeOf(made) ?? []),
    };
  }

  /** @param {TabMemory} value */
  keepForThisTab(value) {
    write(this.tab, value);
  }

  forgetThisTab() {
    write(this.tab, {});
  }

  /** @returns {VisitMemory} empty at the first visit */
  ofLastVisit() {
    const { nickname, rooms, line, ignored, history, lastId } = read(this.visits);
    return {
      nickname: text(nickname),
      rooms: names(rooms),
      line: number(line),
      ignored: names(ignored),
      history: text(history),
      lastId: number(lastId),
    };
  }

  /** @param {VisitMemory} value */
  keepForNextVisit(value) {
    write(this.visits, value);
  }
}

/**
 * The object in a storage, which another program or another version may have written: no field of it is sure. A browser
 * can be told to keep nothing; then each visit is the first.
 * @param {Keeper} keeper
 * @returns {Record<string, unknown>}
 */
function read(keeper) {
  try {
    return record(JSON.parse(keeper().getItem(KEY) ?? "{}"));
  } catch {
    return {};
  }
}

/**
 * @param {Keeper} keeper
 * @param {object} value
 */
function write(keeper, value) {
  try {
    keeper().setItem(KEY, JSON.stringify(value));
  } catch {
    // Full, or not allowed: the page goes on without.
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
const record = (value) => (typeof value === "object" && value !== null ? { ...value } : {});

/** @param {unknown} value @returns {unknown[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/** @param {unknown} value @returns {string[]} */
const names = (value) => list(value).filter((name) => typeof name === "string");

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {unknown} value @returns {number} a whole number from 0 on */
const number = (value) => (typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0);

/** @param {unknown} value @returns {Record<string, string>} */
function texts(value) {
  const found = Object.entries(record(value)).map(([key, one]) => [key, text(one)]);
  return Object.fromEntries(found.filter(([, one]) => one));
}

/** @param {unknown} value @returns {PlaceMarks|undefined} */
function marksOf(value) {
  const { name, unread, mentioned, divider, mention } = record(value);
  if (typeof name !== "string") return undefined;
  const marks = { unread: number(unread), mentioned: mentioned === true };
  return { name, ...marks, divider: number(divider), mention: number(mention) };
}

/** @param {unknown} value @returns {Made|undefined} */
function madeOf(value) {
  const { request, place, typed } = record(value);
  const asked = requestOf(record(request));
  return asked && { request: asked, place: text(place), typed: text(typed) };
}

/** @param {Record<string, unknown>} value @returns {Request|undefined} */
function requestOf({ say, do: command, room, ref }) {
  if (typeof ref !== "string") return undefined;
  if (typeof say === "string") return typeof room === "string" ? { say, room, ref } : undefined;
  if (typeof command !== "string") return undefined;
  return typeof room === "string" ? { do: command, room, ref } : { do: command, ref };
}
