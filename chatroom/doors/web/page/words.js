/**
 * Words, as the search of the server knows them, to mark those that were searched for. chatroom/model/words.py decides
 * what is found; tests/cases/words.json holds both to one definition.
 */

import { SPACELESS } from "./scripts.js";

// What has no width but U+200B, which parts words; and the letter that Arabic is stretched with.
const WITHOUT_WIDTH = "(?!\\u200b)[\\p{Default_Ignorable_Code_Point}\\u0640]";
// Accents and points, by the scripts that leave them out, and the points below letters of India. Marks of voice, vowel
// signs, viramas and tones of other scripts stay.
const WITH_ACCENTS = ["Inherited", "Latn", "Grek", "Cyrl", "Hebr", "Arab", "Syrc"];
const ACCENT = `(?![\\u3099\\u309a])[${WITH_ACCENTS.map((script) => `\\p{Script_Extensions=${script}}`).join("")}]`;
const POINTS = "\\u093c\\u09bc\\u0a3c\\u0abc\\u0b3c\\u0cbc";
const LEFT_OUT = new RegExp(`${WITHOUT_WIDTH}|(?=\\p{Mn})${ACCENT}|[\\p{Me}${POINTS}]`, "gu");
/** @type {Record<string, string>} */
const STROKES = {
  ...{ ł: "l", ø: "o", đ: "d", ħ: "h", ŧ: "t", ƀ: "b", ɨ: "i", ɍ: "r", ɉ: "j", ᵽ: "p", ⱥ: "a", ȼ: "c", ɇ: "e" },
  ...{ ǥ: "g", ꝁ: "k", ɏ: "y", ƶ: "z", ʉ: "u", ı: "i" },
};

const letterOfWords = `(?!${SPACELESS.source})[\\p{L}\\p{N}]`;
const letterAlone = `(?=[\\p{L}\\p{N}])${SPACELESS.source}`;
/** @param {string} mark @returns {RegExp} a word, in which marks belong to the letters before them */
const pattern = (mark) =>
  new RegExp(`${letterAlone}(?:${mark})*|${letterOfWords}(?:${letterOfWords}|${mark})*`, "gu");
const WORD = pattern("\\p{M}");
const WRITTEN_WORD = pattern(`\\p{M}|${WITHOUT_WIDTH}`);

/** @param {string} text */
const withoutAccents = (text) => text.normalize("NFKD").replace(LEFT_OUT, "");

/** @param {string} text */
function folded(text) {
  // By way of the upper case, in which the small letters of one capital are the same.
  const lower = withoutAccents(text).toUpperCase().toLowerCase().replaceAll("\u03c2", "\u03c3");
  return withoutAccents(lower)
    .replace(/\P{ASCII}/gu, (letter) => STROKES[letter] ?? letter)
    .normalize("NFC");
}

/**
 * The words of a text, in the form in which they are compared.
 * @param {string} text
 * @returns {string[]}
 */
export const wordsIn = (text) => folded(text).match(WORD) ?? [];

/**
 * The places in a text of words that were searched for, in order; those of neighbours may touch.
 * @param {string} text
 * @param {string} words
 * @returns {[start: number, end: number][]}
 */
export function found(text, words) {
  const phrases = words.split(/\s+/).map(wordsIn).filter((phrase) => phrase.length);
  const written = [...text.matchAll(WRITTEN_WORD)].flatMap(({ 0: word, index }) =>
    wordsIn(word).map((one) => ({ one, start: index, end: index + word.length })),
  );
  /** @type {[number, number][]} */
  const places = [];
  for (let at = 0; at < written.length; ) {
    const phrase = phrases.find((several) => several.every((one, index) => written[at + index]?.one === one));
    const first = written[at];
    const last = written[at + (phrase?.length ?? 1) - 1];
    if (phrase && first && last) places.push([first.start, last.end]);
    at += phrase?.length ?? 1;
  }
  return places;
}
