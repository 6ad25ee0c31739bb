/** Words that were searched for, marked in what was found. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { found, wordsIn } from "../../chatroom/doors/web/page/words.js";

/** @type {{text: string, words: string[]}[]} */
const CASES = JSON.parse(readFileSync(new URL("../cases/words.json", import.meta.url), "utf-8"));

for (const { text, words } of CASES) {
  test(`a text is the words that the server's search knows: ${text}`, () => assert.deepEqual(wordsIn(text), words));
}

/** @param {string} text @param {string} words */
const marked = (text, words) => found(text, words).map(([start, end]) => text.slice(start, end));

test("words are marked as they are written", () => {
  assert.deepEqual(marked("Tea, tea and steam", "TEA"), ["Tea", "tea"]);
  assert.deepEqual(marked("ЁЖИК и ёлка", "ежик елка"), ["ЁЖИК", "ёлка"]);
  assert.deepEqual(marked("هذا مُحَمَّد رسول", "محمد"), ["مُحَمَّد"]);
  assert.deepEqual(marked("Cre\u0300me bru\u0302le\u0301e", "crème brûlée"), ["Cre\u0300me", "bru\u0302le\u0301e"]);
});

test("a word of several is marked where they follow each other", () => {
  assert.deepEqual(marked("日本語と本日", "日本"), ["日本"]);
  assert.deepEqual(marked("I don't, don said", "don't"), ["don't"]);
});

test("nothing is marked where nothing was searched for", () => {
  for (const words of ["", " ", "!", "('", "[a"]) assert.deepEqual(marked("(' b [", words), []);
});
