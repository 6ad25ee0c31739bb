/** Addresses of the web in a text: where each stands, and where it leads. */

const ADDRESS = /(?<![\p{L}\p{N}])https?:\/\/[^\s<>"`]+/giu;
const ENDS_A_SENTENCE = /[.,;:!?'…»”’*_~]/u;
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
    const address = trimmed(found);
    const href = target(address);
    return href ? [{ address, at: index, href }] : [];
  });
}
