/** Runs of people who come and go. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { runsIn } from "../../chatroom/doors/web/page/crowd.js";

/** @param {string} kinds the first letters of the kinds of the items */
const items = (kinds) =>
  [...kinds].map((letter, index) => {
    const [kind = ""] = ["joined", "left", "renamed", "said", "topic"].filter((one) => one.startsWith(letter));
    return { kind, seq: index + 10 };
  });

const nowhere = () => false;

test("of a long run, all but the last are counted", () => {
  assert.deepEqual(runsIn(items("sjjjjls"), nowhere), [{ from: 11, to: 15, text: "4 joined" }]);
  const text = "2 joined, 2 left, 1 changed their names";
  assert.deepEqual(runsIn(items("jlrjlj"), nowhere), [{ from: 10, to: 15, text }]);
});

test("a short run, and one that something stands in, is shown as it is", () => {
  assert.deepEqual(runsIn(items("jjjj"), nowhere), []);
  assert.deepEqual(runsIn(items("jjjsjjjtjjj"), nowhere), []);
  assert.deepEqual(runsIn(items("jjjjjj"), (seq) => seq === 13), []);
});
