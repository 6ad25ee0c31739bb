/** The kinds of event. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { spoken } from "../../chatroom/doors/web/page/announcer.js";
import { isInList, kindOf, KINDS } from "../../chatroom/doors/web/page/kinds.js";

/** @param {string} kind @param {string} text */
const words = (kind, text) =>
  (kindOf(kind)?.words?.({ nick: "bob", text }) ?? [])
    .map((part) => (typeof part === "string" ? part : "name" in part ? `<${part.name}>` : `"${part.text}"`))
    .join("");

test("what is told in words has words, and nothing else does", () => {
  for (const { shown, words: made } of Object.values(KINDS)) assert.equal(made !== undefined, shown === "told");
});

test("what happened is told in a sentence, in which names and texts stand apart", () => {
  assert.equal(words("acted", "waves"), '<bob> "waves"');
  assert.equal(words("left", ""), "<bob> left");
  assert.equal(words("left", "supper"), '<bob> left ("supper")');
  assert.equal(words("renamed", "robert"), "<bob> is now <robert>");
  assert.equal(words("topic", "tea"), '<bob> set the topic: "tea"');
  assert.equal(words("topic", ""), "<bob> took away the topic");
});

test("a kind that is not in the table is none", () => {
  for (const kind of ["novelty", "constructor", "__proto__", ""]) {
    assert.equal(kindOf(kind), undefined);
    assert.ok(!isInList({ kind }));
  }
  assert.ok(!isInList({ kind: "away" }));
  assert.ok(isInList({ kind: "topic" }));
});

test("a message of several lines is read out with a pause after each, and not all of a long one", () => {
  assert.equal(spoken("one"), "one");
  assert.equal(spoken("one\n\ntwo\nthree"), "one; two; three");
  assert.equal(spoken("1\n2\n3\n4"), "1; 2; 3; and 1 more line");
  assert.equal(spoken("1\n2\n3\n4\n5"), "1; 2; 3; and 2 more lines");
});
