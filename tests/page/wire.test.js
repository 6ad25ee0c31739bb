/** Reading what a server says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { isEvent, readMessage } from "../../chatroom/doors/web/page/wire.js";
import { event } from "./talk.js";

test("a message is an object with a kind", () => {
  assert.deepEqual(readMessage('{"kind":"live"}'), { kind: "live" });
  for (const data of ["{}", "[]", "null", "17", '"live"', '{"kind":17}', new ArrayBuffer(2), undefined]) {
    assert.equal(readMessage(data), null);
  }
});

test("a sentence in plain text is an error", () => {
  assert.deepEqual(readMessage("! the server is full"), { kind: "error", code: "error", text: "the server is full" });
});

test("an event is of a kind that the page knows as such, and anything else is an answer", () => {
  const said = readMessage(JSON.stringify(event(7)));
  const away = readMessage('{"kind":"away","at":1,"room":"lobby","nick":"bob","text":"lunch"}');
  const pong = readMessage('{"kind":"pong","text":""}');
  const novelty = readMessage('{"kind":"novelty","id":8,"room":"lobby"}');
  const found = [said, away, pong, novelty].map((message) => message && isEvent(message));
  assert.deepEqual(found, [true, true, false, false]);
});
