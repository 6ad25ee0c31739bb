/**
 * Mentions: the places in a text where a nickname stands as a word of its own. The rules are in docs/client.rst, "Names
 * in what others say"; the terminal client follows the same ones, and tests/cases/mentions.json holds both to them.
 */

import { folded } from "./folding.js";

const CONTINUES = /[\p{L}\p{M}\p{Nd}\p{Pc}]/u;
const MARK = /\p{M}/u;
const APOSTROPHE = /['\u2019]/;
// Scripts that are written without spaces between words, by their blocks: Thai and Lao; Myanmar and Hangul; Khmer;
// Han, kana, Bopomofo and Hangul; the extensions of Hangul and Myanmar; syllables of Hangul; compatibility ideographs;
// halfwidth kana and Hangul; more kana; the planes of Han.
const SPACELESS = new RegExp(
  "[\\u0e00-\\u0eff\\u1000-\\u109f\\u1100-\\u11ff\\u1780-\\u17ff\\u2e80-\\u318f\\u31a0-\\u31ff\\u3400-\\u9fff" +
    "\\ua960-\\ua97f\\ua9e0-\\ua9ff\\uaa60-\\uaa7f\\uac00-\\ud7ff\\uf900-\\ufaff\\uff65-\\uffdc" +
    "\\u{1aff0}-\\u{1b16f}\\u{20000}-\\u{3ffff}]",
  "u",
);

/**
 * Whether a character continues a word that spaces stand around; an empty one does not.
 * @param {string} character
 */
const inWord = (character) => CONTINUES.test(character) && !SPACELESS.test(character);

/**
 * The last character before `at`; empty at the beginning.
 * @param {string} text
 * @param {number} at
 */
const characterBefore = (text, at) => Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";

/**
 * The first character behind `at`; empty at the end.
 * @param {string} text
 * @param {number} at
 */
const characterBehind = (text, at) => Array.from(text.slice(at, at + 2))[0] ?? "";

/**
 * @param {string} text
 * @param {number} start of a nickname
 */
function beginsAWord(text, start) {
  const first = characterBehind(text, start);
  const before = characterBefore(text, start);
  if (APOSTROPHE.test(before)) return !(inWord(characterBefore(text, start - 1)) && inWord(first));
  return !inWord(before) || SPACELESS.test(first);
}

/**
 * @param {string} text
 * @param {number} end of a nickname
 */
function endsAWord(text, end) {
  const last = characterBefore(text, end);
  const behind = characterBehind(text, end);
  if (APOSTROPHE.test(behind)) {
    const beyond = characterBehind(text, end + 1);
    const possessive = /[sS]/.test(beyond) && !inWord(characterBehind(text, end + 2));
    return possessive || !(inWord(beyond) && inWord(last));
  }
  if (MARK.test(behind)) return false;
  return !inWord(behind) || SPACELESS.test(last);
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
