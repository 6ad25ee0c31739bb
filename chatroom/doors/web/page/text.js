/** What somebody said, as nodes: text, with links where addresses of the web stand in it, and nothing else. */

import { element } from "./dom.js";

const ADDRESS = /(?<![\p{L}\p{N}])https?:\/\/[^\s<>"`]+/giu;
const ENDS_A_SENTENCE = /[.,;:!?'…»”’*_~]/u;
const CLOSES = { ")": "(", "]": "[", "}": "{" };

/** `text` without what belongs to the sentence around an address rather than to the address. */
function trimmed(text) {
  const counts = {};
  for (const character of text) counts[character] = (counts[character] ?? 0) + 1;
  let end = text.length;
  while (end > 0) {
    const last = text[end - 1];
    const unopened = last in CLOSES && counts[last] > (counts[CLOSES[last]] ?? 0);
    if (!unopened && !ENDS_A_SENTENCE.test(last)) break;
    counts[last] -= 1;
    end -= 1;
  }
  return text.slice(0, end);
}

function link(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || !url.hostname) return null;
  // The title shows where it goes: letters that only look like others are spelled out there.
  return element(
    "a",
    { href: url.href, title: url.href, target: "_blank", rel: "noopener noreferrer nofollow" },
    address,
  );
}

/** @returns {(Node|string)[]} */
export function withLinks(text) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const made = link(address);
    if (made === null) continue;
    nodes.push(text.slice(done, match.index), made);
    done = match.index + address.length;
  }
  nodes.push(text.slice(done));
  return nodes.filter((node) => node !== "");
}

const escaped = (word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** `text` with the words that were searched for marked. @returns {(Node|string)[]} */
export function withMarks(text, words) {
  const wanted = words.split(/\s+/).filter(Boolean).map(escaped);
  if (!wanted.length) return [text];
  return text
    .split(new RegExp(`(${wanted.join("|")})`, "iu"))
    .map((piece, index) => (index % 2 ? element("mark", {}, piece) : piece))
    .filter((node) => node !== "");
}

let wanted = { nickname: "", pattern: /(?!)/ };

/** Whether `nickname` stands in `text` as a word of its own. */
export function mentions(text, nickname) {
  if (nickname !== wanted.nickname) {
    const bounded = `(?<![\\p{L}\\p{N}])${escaped(nickname)}(?![\\p{L}\\p{N}])`;
    wanted = { nickname, pattern: nickname ? new RegExp(bounded, "iu") : /(?!)/ };
  }
  return wanted.pattern.test(text);
}
