/** A message as nodes: text, with a link for each address of the web in it, and nothing else. */

import { element } from "./dom.js";
import { linksIn } from "./links.js";
import { found } from "./words.js";

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

/**
 * `text` with the words that were searched for marked.
 * @param {string} text
 * @param {string} words
 * @returns {(Node|string)[]}
 */
export function withMarks(text, words) {
  /** @type {(Node|string)[]} */
  const nodes = [];
  let done = 0;
  for (const [start, end] of found(text, words)) {
    nodes.push(text.slice(done, start), element("mark", {}, text.slice(start, end)));
    done = end;
  }
  nodes.push(text.slice(done));
  return nodes.filter((node) => node !== "");
}
