/** One row of the list of messages: an item of a timeline, made into elements. */

import { element, unseen } from "./dom.js";
import { kindOf } from "./kinds.js";
import { isMentioned } from "./mentions.js";
import { avatarOf, nameOf } from "./names.js";
import { withLinks } from "./text.js";
import { clock, day, dayKey, full, machine } from "./times.js";

/** @import { Part } from "./kinds.js" */
/** @import { Deed, Invitation, Item, Remark } from "./timeline.js" */

const GROUP = 300; // seconds after which a speaker's name is shown again

/** @typedef {{me: string, divider: number}} Reader whose nickname may be mentioned, and the first event new to them */

/** @param {number} at */
const timeOf = (at) => element("time", { datetime: machine(at), title: full(at) }, clock(at));

/** @param {string} text */
const said = (text) => element("span", { dir: "auto" }, ...withLinks(text));

/** @param {Item} item */
const hasSpeaker = ({ kind }) => kindOf(kind)?.shown === "said";

/**
 * Whether `item` goes on under the name that stands above `previous`.
 * @param {Item} item
 * @param {Item|undefined} previous
 */
const continues = (item, previous) =>
  previous !== undefined &&
  item.kind === previous.kind &&
  item.nick === previous.nick &&
  item.at - previous.at < GROUP &&
  dayKey(item.at) === dayKey(previous.at);

/**
 * The line of something that was said.
 * @param {Deed} deed
 * @param {boolean} goesOn
 */
function talk({ nick, text, at }, goesOn) {
  const line = element("p", { class: "text", dir: "auto" }, ...withLinks(text));
  const time = timeOf(at);
  if (!goesOn) return [avatarOf(nick), element("p", { class: "head" }, nameOf(nick), " ", time), line];
  time.className = "beside";
  // In a `bdi`, so that the direction of the text is its own.
  line.prepend(element("bdi", { class: "unseen" }, `${nick}: `));
  return [time, line];
}

/**
 * The line of something that is told in words.
 * @template {Item} T
 * @param {(item: T) => (Node|string)[]} words
 * @returns {(item: T) => Node[]}
 */
const told = (words) => (item) => [element("p", { class: "text" }, ...words(item)), timeOf(item.at)];

/** @param {Part} part */
function nodeOf(part) {
  if (typeof part === "string") return part;
  return "name" in part ? nameOf(part.name) : said(part.text);
}

/**
 * The line of a remark, by its kind.
 * @type {Record<Remark["kind"], (remark: Remark) => Node[]>}
 */
const REMARKS = {
  notice: told(({ text }) => [said(text)]),
  error: told(({ text }) => [unseen("Error: "), said(text)]),
};

/** The line of an invitation, with a link that leads into the room: the address of the page names a room like that. */
const invitation = told((/** @type {Invitation} */ { nick, room }) => {
  const href = `#room=${encodeURIComponent(room)}`;
  const link = element("a", { class: "enter-room", href }, "Join ", element("bdi", {}, room));
  return [nameOf(nick), " invites you to ", element("bdi", {}, room), ". ", link];
});

/**
 * @param {Deed} deed
 * @param {boolean} goesOn
 * @returns {Node[]}
 */
function lineOfDeed(deed, goesOn) {
  const kind = kindOf(deed.kind);
  if (kind?.shown === "said") return talk(deed, goesOn);
  return told(() => (kind?.words?.(deed) ?? []).map(nodeOf))(deed);
}

/**
 * @param {Item} item
 * @param {boolean} goesOn
 * @returns {Node[]}
 */
function lineOf(item, goesOn) {
  if (item.kind === "invited") return invitation(item);
  return item.nick === undefined ? REMARKS[item.kind](item) : lineOfDeed(item, goesOn);
}

/**
 * @param {Item} item
 * @param {Item|undefined} previous the one before it, if any
 * @param {Reader} reader
 */
export function rowOf(item, previous, { me, divider }) {
  const isNew = divider > 0 && item.id === divider;
  const newDay = previous === undefined || dayKey(item.at) !== dayKey(previous.at);
  const goesOn = hasSpeaker(item) && !isNew && !newDay && continues(item, previous);
  const row = element("li", { class: `row ${item.kind}` });
  if (newDay) row.append(element("p", { class: "day" }, element("time", { datetime: machine(item.at) }, day(item.at))));
  if (isNew) row.append(element("p", { class: "new" }, element("span", {}, "New")));
  row.append(element("div", { class: "line" }, ...lineOf(item, goesOn)));
  if (!goesOn) row.classList.add("first");
  const byAnother = item.nick !== me && kindOf(item.kind)?.nature === "talk";
  if (byAnother && isMentioned(item.text, me)) row.classList.add("mention");
  return row;
}
