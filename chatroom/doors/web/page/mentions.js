/**
 * Mentions: the places in a text where a nickname stands as a word of its own. The rules are in docs/client.rst, "Names
 * in what others say"; the terminal client follows the same ones, and tests/cases/mentions.json holds both to them.
 */

import { folded } from "./folding.js";
import { SPACELESS, characterBefore, characterBehind } from "./scripts.js";

const CONTINUES = /[\p{L}\p{M}\p{Nd}\p{Pc}]/u;
const MARK = /\p{M}/u;
const APOSTROPHE = /['\u2019]/;
// Between two letters they continue a word, as an apostrophe does (UAX 29, MidLetter): middle dots, and gershayim.
const WITHIN = /['\u2019\u00b7\u2027\u05f4]/;
// They have no width, and change nothing about a word (UAX 29, rule WB4): soft hyphens, joiners.
const WITHOUT_WIDTH = /(?!\u200b)\p{Cf}/u;

/**
 * Whether a character continues a word that spaces stand around; an empty one does not.
 * @param {string} character
 */
const inWord = (character) => CONTINUES.test(character) && !SPACELESS.test(character);

/**
 * The place of the character before `at`, those without width passed over; 0 at the beginning.
 * @param {string} text
 * @param {number} at
 */
function placeBefore(text, at) {
  let place = at - characterBefore(text, at).length;
  while (WITHOUT_WIDTH.test(characterBehind(text, place)) && place > 0) place -= characterBefore(text, place).length;
  return place;
}

/**
 * The place of the character at `at`, or of the first behind it that has a width.
 * @param {string} text
 * @param {number} at
 */
function placeBehind(text, at) {
  let place = at;
  while (WITHOUT_WIDTH.test(characterBehind(text, place))) place += characterBehind(text, place).length;
  return place;
}

/**
 * @param {string} text
 * @param {number} start of a nickname
 */
function beginsAWord(text, start) {
  const first = characterBehind(text, start);
  if (start === 0 || SPACELESS.test(first)) return true;
  const place = placeBefore(text, start);
  const before = characterBehind(text, place);
  if (place === 0 || !WITHIN.test(before)) return !inWord(before);
  return !(inWord(characterBehind(text, placeBefore(text, place))) && inWord(first));
}

/**
 * @param {string} text
 * @param {number} end of a nickname
 */
function endsAWord(text, end) {
  const last = characterBefore(text, end);
  const place = placeBehind(text, end);
  const behind = characterBehind(text, place);
  if (WITHIN.test(behind)) {
    const next = placeBehind(text, place + behind.length);
    const beyond = characterBehind(text, next);
    const after = characterBehind(text, placeBehind(text, next + beyond.length));
    if (APOSTROPHE.test(behind) && /[sS]/.test(beyond) && !inWord(after)) return true;
    return !(inWord(beyond) && inWord(last));
  }
  return !MARK.test(behind) && (!inWord(behind) || SPACELESS.test(last));
}

/**
 * The mentions of a nickname in a text.
 * @param {string} text
 * @param {string} nickname
 * @returns {[start: number, end: number][]} places in the NFC form of the text
 */
export function mentions(text, nickname) {
  const normal = text.normalize("NFC");
  const comparable = folded(normal);
  const wanted = folded(nickname.normalize("NFC"));
  /** @type {[number, number][]} */
  const found = [];
  let start = wanted ? comparable.indexOf(wanted) : -1;
  while (start >= 0) {
    const end = start + wanted.length;
    const whole = beginsAWord(normal, start) && endsAWord(normal, end);
    if (whole) found.push([start, end]);
    start = comparable.indexOf(wanted, whole ? end : start + 1);
  }
  return found;
}

/**
 * Whether a text names somebody.
 * @param {string} text
 * @param {string} nickname
 */
export const isMentioned = (text, nickname) => mentions(text, nickname).length > 0;
