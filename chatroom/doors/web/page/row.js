/** One row of the list of messages: an item of a timeline, made into elements. */

import { element, unseen } from "./dom.js";
import { avatarOf, nameOf } from "./names.js";
import { mentions, withLinks } from "./text.js";
import { clock, day, dayKey, full, machine } from "./times.js";

const GROUP = 300; // seconds after which a speaker's name is shown again

const timeOf = (item) =>
  element("time", { datetime: machine(item.at), title: full(item.at) }, clock(item.at));

const said = (text) => element("span", { dir: "auto" }, ...withLinks(text));

/** What happened, in words, by the kind of event; the rows that are no talk. */
const HAPPENED = {
  joined: (item) => [nameOf(item.nick), " joined"],
  left: (item) => [nameOf(item.nick), " left", ...(item.text ? [" (", said(item.text), ")"] : [])],
  renamed: (item) => [nameOf(item.nick), " is now ", nameOf(item.text)],
  topic: (item) =>
    item.text ? [nameOf(item.nick), " set the topic: ", said(item.text)] : [nameOf(item.nick), " took away the topic"],
  notice: (item) => [said(item.text)],
  error: (item) => [unseen("Error: "), said(item.text)],
};

const talks = (item) => item.kind === "said" || item.kind === "noticed";

/** Whether `item` goes on under the name that stands above `previous`. */
const continues = (item, previous) =>
  previous !== undefined &&
  item.kind === previous.kind &&
  item.nick === previous.nick &&
  item.at - previous.at < GROUP &&
  dayKey(item.at) === dayKey(previous.at);

function talk(item, goesOn) {
  const text = element("p", { class: "text", dir: "auto" }, ...withLinks(item.text));
  if (goesOn) {
    const time = timeOf(item);
    time.className = "beside";
    // In a `bdi`, so that the direction of the text is its own.
    text.prepend(element("bdi", { class: "unseen" }, `${item.nick}: `));
    return [time, text];
  }
  return [
    avatarOf(item.nick),
    element("p", { class: "head" }, nameOf(item.nick), " ", timeOf(item)),
    text,
  ];
}

/**
 * @param {object} item
 * @param {object|undefined} previous the one before it, if any
 * @param {{me: string, divider: number}} reader
 * @returns {HTMLLIElement}
 */
export function rowOf(item, previous, { me, divider }) {
  const isNew = divider > 0 && item.id === divider;
  const newDay = previous === undefined || dayKey(item.at) !== dayKey(previous.at);
  const goesOn = talks(item) && !isNew && !newDay && continues(item, previous);
  const row = element("li", { class: `row ${item.kind}` });
  if (newDay) row.append(element("p", { class: "day" }, element("time", { datetime: machine(item.at) }, day(item.at))));
  if (isNew) row.append(element("p", { class: "new" }, element("span", {}, "New")));
  const line = element("div", { class: "line" });
  if (talks(item)) line.append(...talk(item, goesOn));
  else if (item.kind === "acted") {
    line.append(element("p", { class: "text" }, nameOf(item.nick), " ", said(item.text)), timeOf(item));
  } else if (Object.hasOwn(HAPPENED, item.kind)) {
    line.append(element("p", { class: "text" }, ...HAPPENED[item.kind](item)), timeOf(item));
  }
  row.append(line);
  if (!goesOn) row.classList.add("first");
  if ("nick" in item && talks(item) && item.nick !== me && mentions(item.text, me)) row.classList.add("mention");
  return row;
}
