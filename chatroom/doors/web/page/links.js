/**
 * Addresses of the web in a text: where each stands, and where it leads. The rules are in docs/client.rst, "Addresses
 * in what others say"; the terminal client follows the same ones, and tests/cases/links.json holds both to them.
 */

import { SPACELESS, characterBefore } from "./scripts.js";

const IN_WORD = /[\p{L}\p{N}]/u;
// Beyond ASCII, signs of a sentence, brackets and quotation marks end an address; but for the apostrophe among them.
const ENDS_AN_ADDRESS = /(?![\u2019\p{ASCII}])[\p{Terminal_Punctuation}\p{Ps}\p{Pe}\p{Pi}\p{Pf}]/u;
const ADDRESS = new RegExp(`https?://(?:(?!${ENDS_AN_ADDRESS.source})[^\\s<>"\`\\u200b\\u2025\\u2026])+`, "giu");
const ENDS_A_SENTENCE = /[.,;:!?'\u2019*_~]/u;
const AUTHORITY = new RegExp(
  "^(?:[\\w.~%!$&'()*+,;=:\\-\\u{80}-\\u{10ffff}]*@)?" +
    "(?:[\\w\\-\\u{80}-\\u{10ffff}]+(?:\\.[\\w\\-\\u{80}-\\u{10ffff}]+)*\\.?|\\[[0-9a-f:.]+\\])(?::(\\d{0,5}))?$",
  "iu",
);
/** @type {Record<string, string>} */
const OPENS = { ")": "(", "]": "[", "}": "{" };

/**
 * `text` without what belongs to the sentence around an address rather than to the address.
 * @param {string} text
 */
function trimmed(text) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  /** @param {string} character @param {number} step */
  const count = (character, step) => counts.set(character, (counts.get(character) ?? 0) + step);
  for (const character of text) count(character, 1);
  let end = text.length;
  for (let last = text.at(-1); last !== undefined; last = text[end - 1]) {
    const opener = OPENS[last];
    const unopened = opener !== undefined && (counts.get(last) ?? 0) > (counts.get(opener) ?? 0);
    if (!unopened && !ENDS_A_SENTENCE.test(last)) break;
    count(last, -1);
    end -= 1;
  }
  return text.slice(0, end);
}

/** @param {string} address @returns {string} where it leads; empty when a link must not lead there */
function target(address) {
  const authority = address.split("://")[1]?.split(/[/?#\\]/)[0] ?? "";
  if (!AUTHORITY.test(authority)) return "";
  try {
    const { protocol, hostname, href } = new URL(address);
    return (protocol === "http:" || protocol === "https:") && hostname ? href : "";
  } catch {
    return "";
  }
}

/**
 * Each address in a text: the address as it is written, where it begins, and where it leads.
 * @param {string} text
 * @returns {{address: string, at: number, href: string}[]}
 */
export function linksIn(text) {
  return [...text.matchAll(ADDRESS)].flatMap(({ 0: found, index }) => {
    const before = characterBefore(text, index);
    if (IN_WORD.test(before) && !SPACELESS.test(before)) return [];
    const address = trimmed(found);
    const href = target(address);
    return href ? [{ address, at: index, href }] : [];
  });
}
