/** A message as nodes: text, with a link for each address of the web in it, and nothing else. */

import { element } from "./dom.js";
import { linksIn } from "./links.js";

/**
 * @param {string} text
 * @returns {(Node|string)[]}
 */
export function withLinks(text) {
  /** @type {(Node|string)[]} */
  const nodes = [];
  let done = 0;
  for (const { address, at, href } of linksIn(text)) {
    // The title shows where it leads: letters that only look like others are spelled out there.
    const attributes = { href, title: href, target: "_blank", rel: "noopener noreferrer nofollow" };
    nodes.push(text.slice(done, at), element("a", attributes, address));
    done = at + address.length;
  }
  nodes.push(text.slice(done));
  return nodes.filter((node) => node !== "");
}

/** @param {string} word */
const escaped = (word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/**
 * `text` with the words that were searched for marked.
 * @param {string} text
 * @param {string} words
 * @returns {(Node|string)[]}
 */
export function withMarks(text, words) {
  const wanted = words.split(/\s+/).filter(Boolean).map(escaped);
  if (!wanted.length) return [text];
  return text
    .split(new RegExp(`(${wanted.join("|")})`, "iu"))
    .map((piece, index) => (index % 2 ? element("mark", {}, piece) : piece))
    .filter((node) => node !== "");
}
