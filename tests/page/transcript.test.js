/** Messages that are copied. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { lineOf } from "../../chatroom/doors/web/page/transcript.js";

test("a line of a transcript has the time, and who said it", () => {
  const at = new Date(2026, 10, 22, 9, 5).getTime() / 1000;
  assert.equal(lineOf({ kind: "said", nick: "Bob", at, text: "see you" }, "see you"), "[09:05] Bob: see you");
  assert.equal(lineOf({ kind: "joined", nick: "Bob", at, text: "" }, "Bob joined"), "[09:05] * Bob joined");
  assert.equal(lineOf({ kind: "error", at, text: "no" }, "no"), "[09:05] ! no");
});
