/**
 * The kinds of event, and what the page has to know of each: the only table of them. A kind that is not in it is passed
 * over, since a newer server may have others.
 *
 * - `nature`: talk, membership (who is in a room, and by what name) or state (what holds for the room).
 * - `unread`: whether it counts as a message that the user has yet to read.
 * - `shown`: in the list of messages, `said` under its speaker's name or `told` in words; or only among the `people`.
 * - `words`: of what is told in words, the parts of the sentence.
 */

/**
 * @typedef {{nick: string, text: string, room?: string,
 *   extras?: {nick?: string, account?: string, was?: string, mode?: string}}} Deed
 */
/** @typedef {string|{name: string}|{text: string}} Part words of the page, a nickname, or text that somebody wrote */
/**
 * @typedef {object} Kind
 * @property {"talk"|"membership"|"state"} nature
 * @property {boolean} unread
 * @property {"said"|"told"|"people"} shown
 * @property {(deed: Deed) => Part[]} [words]
 */
/** @typedef {"said"|"noticed"|"acted"|"joined"|"left"|"renamed"|"away"|"topic"|
 *   "kicked"|"role"|"rank"|"mode"} EventKind */

/**
 * The sentence of a role that is given or taken.
 * @param {Deed} deed
 * @returns {Part[]}
 */
function roleWords({ nick, text, room = "the room", extras = {} }) {
  const holder = extras.nick || extras.account || "";
  if (!text) {
    return [{ name: nick }, " took the role ", { text: extras.was || "they had" }, " from ", { name: holder }];
  }
  if (text === "voice") {
    return [{ name: nick }, " gave ", { name: holder }, " a voice in ", { text: room }];
  }
  if (text === "owner" && holder === nick) {
    return [{ name: nick }, " owns ", { text: room }, " now"];
  }
  return [{ name: nick }, " made ", { name: holder }, " an ", { text }, " of ", { text: room }];
}

/** @type {Record<EventKind, Kind>} */
export const KINDS = {
  "said": { nature: "talk", unread: true, shown: "said" },
  "noticed": { nature: "talk", unread: true, shown: "said" },
  "acted": {
    nature: "talk",
    unread: true,
    shown: "told",
    words: ({ nick, text }) => [{ name: nick }, " ", { text }],
  },
  "joined": {
    nature: "membership",
    unread: false,
    shown: "told",
    words: ({ nick }) => [{ name: nick }, " joined"],
  },
  "left": {
    nature: "membership",
    unread: false,
    shown: "told",
    words: ({ nick, text }) => [{ name: nick }, " left", ...(text ? [" (", { text }, ")"] : [])],
  },
  "renamed": {
    nature: "membership",
    unread: false,
    shown: "told",
    words: ({ nick, text }) => [{ name: nick }, " is now ", { name: text }],
  },
  "away": { nature: "membership", unread: false, shown: "people" },
  "topic": {
    nature: "state",
    unread: false,
    shown: "told",
    words: ({ nick, text }) =>
      text ? [{ name: nick }, " set the topic: ", { text }] : [{ name: nick }, " took away the topic"],
  },
  "kicked": {
    nature: "membership",
    unread: false,
    shown: "told",
    words: ({ nick, text, room = "the room", extras = {} }) => [
      { name: nick },
      " put ",
      { name: extras.nick || "" },
      " out of ",
      { text: room },
      ...(text ? [" (", { text }, ")"] : []),
    ],
  },
  "role": {
    nature: "state",
    unread: false,
    shown: "told",
    words: roleWords,
  },
  "rank": {
    nature: "state",
    unread: false,
    shown: "told",
    words: roleWords,
  },
  "mode": {
    nature: "state",
    unread: false,
    shown: "told",
    words: ({ nick, text, extras = {} }) => [
      { name: nick },
      text ? " set the mode " : " took away the mode ",
      { text: extras.mode || "" },
      ...(text && text !== "on" ? [": ", { text }] : []),
    ],
  },
};

/**
 * What the page knows of a kind; undefined for one that it does not know.
 * @param {string} kind
 * @returns {Kind|undefined}
 */
export const kindOf = (kind) =>
  Object.hasOwn(KINDS, kind) ? KINDS[/** @type {EventKind} */ (kind)] : undefined;

/**
 * Whether something of a kind is shown in the list of messages.
 * @param {{kind: string}} event
 */
export function isInList({ kind }) {
  const shown = kindOf(kind)?.shown;
  return shown === "said" || shown === "told";
}
