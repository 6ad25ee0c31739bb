/** Texts cut to the limits of a server. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { messages, pieces, size } from "../../chatroom/doors/web/page/limits.js";

const MOST = 4096;

/** @param {string} text @param {{message?: number, lines?: number}} limits */
const cut = (text, limits = {}) => messages(text.split("\n"), { message: MOST, lines: 100, ...limits });

test("a text that fits is one message, with its lines", () => {
  assert.deepEqual(cut("one\n\n  two\nthree"), ["one\n\n  two\nthree"]);
});

test("a message has no empty line at its beginning or end, and no message is empty", () => {
  assert.deepEqual(cut("\n \n  one\n\n"), ["  one"]);
  assert.deepEqual(cut(" \n\n"), []);
  assert.deepEqual(cut(""), []);
});

test("a text of too many lines is cut at line ends", () => {
  const lines = Array.from({ length: 250 }, (_, number) => `line ${number}`);
  const found = cut(lines.join("\n"));
  assert.deepEqual(found.map((message) => message.split("\n").length), [100, 100, 50]);
  assert.equal(found.join("\n"), lines.join("\n"));
});

test("a text of too many bytes is cut at line ends, of which each counts", () => {
  assert.deepEqual(cut("abc\ndef\nghi", { message: 7 }), ["abc\ndef", "ghi"]);
  assert.deepEqual(cut("abc\ndef\nghi", { message: 6 }), ["abc", "def", "ghi"]);
  assert.deepEqual(cut("é\né\né", { message: 5 }), ["é\né", "é"]);
});

test("a line that is longer than a message is cut at spaces", () => {
  const words = Array.from({ length: 1200 }, (_, number) => `wört${number}`).join(" ");
  const found = cut(words);
  assert.equal(found.length, Math.ceil(size(words) / MOST));
  assert.equal(found.join(" "), words);
  for (const message of found) assert.ok(size(message) <= MOST);
});

test("a line without spaces is cut between characters", () => {
  for (const character of ["x", "é", "漢", "🎉"]) {
    const line = character.repeat(3000);
    const found = pieces(line, MOST);
    assert.equal(found.join(""), line);
    for (const piece of found) {
      assert.ok(size(piece) <= MOST);
      assert.deepEqual(new Set(piece), new Set([character]));
    }
  }
});

test("a line is cut between what a reader takes for characters", () => {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  for (const cluster of ["👩\u200d👩\u200d👧\u200d👦", "e\u0301", "🇻🇳"]) {
    const line = `x${cluster.repeat(2000)}`;
    const found = pieces(line, MOST);
    assert.equal(found.join(""), line);
    for (const piece of found) {
      assert.ok(size(piece) <= MOST);
      const shown = Array.from(segmenter.segment(piece), ({ segment }) => segment);
      assert.deepEqual(new Set(shown), new Set(piece === found[0] ? ["x", cluster] : [cluster]));
    }
  }
});

test("a cluster that is longer than a message is cut all the same", () => {
  const found = pieces(`e${"\u0301".repeat(900)}`, 100);
  assert.equal(found.length, 19);
  assert.deepEqual(pieces("🎉".repeat(2), 5), ["🎉", "🎉"]);
});

test("no piece is empty, however many spaces there are", () => {
  const spaces = " ".repeat(2 * MOST);
  assert.deepEqual(pieces(`${spaces}x${spaces}`, MOST), ["x"]);
});
