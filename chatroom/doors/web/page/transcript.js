/** Messages that are copied, as a transcript: `[12:54] Bob: see you`. */

import { kindOf } from "./kinds.js";

/** @import { Item } from "./timeline.js" */

/** @param {number} at */
function clockOf(at) {
  const time = new Date(at * 1000);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * The line of a transcript.
 * @param {Item} item
 * @param {string} text the part of its text that is copied
 */
export function lineOf({ kind, nick, at }, text) {
  const isSaid = kindOf(kind)?.shown === "said";
  return `[${clockOf(at)}] ${isSaid ? `${nick}: ` : kind === "error" ? "! " : "* "}${text}`;
}

/**
 * The part of an element's text that is in a range; what only a screen reader says does not count.
 * @param {Range} range
 * @param {Element} element
 */
function textWithin(range, element) {
  const part = document.createRange();
  part.selectNodeContents(element);
  const { startContainer, startOffset, endContainer, endOffset } = range;
  if (range.compareBoundaryPoints(Range.START_TO_START, part) > 0) part.setStart(startContainer, startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, part) < 0) part.setEnd(endContainer, endOffset);
  const copy = part.cloneContents();
  for (const unseen of copy.querySelectorAll(".unseen")) unseen.remove();
  return copy.textContent ?? "";
}

/**
 * What is selected in the list of messages: a transcript, or the bare text where it is a part of one message.
 * @param {Selection|null} selection
 * @param {HTMLElement} list
 * @param {(row: Element) => Item|undefined} itemOf
 */
export function transcriptOf(selection, list, itemOf) {
  if (!selection?.rangeCount || selection.isCollapsed) return "";
  const range = selection.getRangeAt(0);
  const rows = [...list.children].filter((row) => range.intersectsNode(row));
  const found = rows.flatMap((row) => {
    const [item, body] = [itemOf(row), row.querySelector(".text")];
    if (!item || !body || !range.intersectsNode(body) || row.matches(".folded-away")) return [];
    return [{ item, body, text: textWithin(range, body) }];
  });
  const [only] = found;
  if (found.length === 1 && only?.body.contains(range.commonAncestorContainer)) return only.text;
  return found.flatMap(({ item, text }) => (text.trim() ? [lineOf(item, text)] : [])).join("\n");
}
