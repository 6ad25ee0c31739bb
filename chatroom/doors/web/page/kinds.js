/**
 * The kinds of event, and what the page has to know of each: the only table of them. A kind that is not in it is passed
 * over, since a newer server may have others.
 *
 * - `nature`: talk, membership (who is in a room, and by what name), state (what holds for the room) or moderation.
 * - `unread`: whether it counts as a message that the user has yet to read.
 * - `shown`: in the list of messages, `said` under its speaker's name or `told` in words; or only among the `people`.
 * - `words`: of what is told in words, the parts of the sentence.
 */

/** @typedef {{nick: string, text: string, room?: string, extras?: Record<string, unknown>}} Deed */
/** @typedef {string|{name: string}|{text: string}} Part words of the page, a nickname, or text that somebody wrote */
/**
 * @typedef {object} Kind
 * @property {"talk"|"membership"|"state"|"moderation"} nature
 * @property {boolean} unread
 * @property {"said"|"told"|"people"} shown
 * @property {(deed: Deed) => Part[]} [words]
 */
/** @typedef {"said"|"noticed"|"acted"|"joined"|"left"|"renamed"|"away"|"topic"|
 *   "removal"|"removed"|"kicked"|"role"|"rank"|"mode"} EventKind */

/** @param {unknown} value */
const word = (value) => (typeof value === "string" ? value : "");

/** @param {string} text */
const because = (text) => (text ? [" (", { text }, ")"] : []);

/**
 * Whose messages somebody has removed.
 * @param {string} nick
 * @param {string} by
 * @returns {Part[]}
 */
const whose = (nick, by) => (nick === by ? ["their own"] : [{ name: nick }, "'s"]);

/**
 * How many messages a removal is about, all parts of a purge together.
 * @param {Record<string, unknown>|undefined} extras
 */
function howMany(extras) {
  if (typeof extras?.count === "number") return extras.count;
  return Array.isArray(extras?.ids) ? extras.ids.length : 1;
}


/**
 * The sentence of a role that is given or taken.
 * @param {Deed} deed
 * @returns {Part[]}
 */
function roleWords({ nick, text, room = "the room", extras }) {
  const holder = word(extras?.nick) || word(extras?.account);
  if (!text) {
    return [{ name: nick }, " took the role ", { text: word(extras?.was) || "they had" }, " from ", { name: holder }];
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
  "removal": {
    nature: "moderation",
    unread: false,
    shown: "told",
    words: ({ nick, text, extras }) => {
      const many = howMany(extras);
      const what = many === 1 ? " removed a message of " : ` removed ${many} messages of `;
      return [{ name: nick }, what, ...whose(word(extras?.nick), nick), ...because(text)];
    },
  },
  "removed": {
    nature: "talk",
    unread: false,
    shown: "told",
    words: ({ nick, text, extras }) => {
      const by = word(extras?.by);
      return [{ name: by }, " removed this message of ", ...whose(nick, by), ...because(text)];
    },
  },
  "kicked": {
    nature: "membership",
    unread: false,
    shown: "told",
    words: ({ nick, text, room = "the room", extras }) => [
      { name: nick },
      " put ",
      { name: word(extras?.nick) },
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
    words: ({ nick, text, extras }) => [
      { name: nick },
      text ? " set the mode " : " took away the mode ",
      { text: word(extras?.mode) },
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
