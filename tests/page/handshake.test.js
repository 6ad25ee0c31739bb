/** Coming in, and what to do when the server refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { answerTo, remedyFor } from "../../chatroom/doors/web/page/handshake.js";
import { size } from "../../chatroom/doors/web/page/limits.js";

const WANTED = { nickname: "alice", client: "s".repeat(48), rooms: [""].slice(1), last: "", since: 0, history: "" };
const OPENING = `alice input=json client=${WANTED.client}`;

test("the answer names the nickname, the secret, the last event and the rooms", () => {
  assert.equal(answerTo(WANTED, 4096).line, OPENING);
  assert.equal(answerTo({ ...WANTED, rooms: ["tea", "dev"] }, 4096).line, `${OPENING} room=tea,dev`);
  const back = { ...WANTED, rooms: ["tea"], since: 17, history: "0a1b2c" };
  assert.equal(answerTo(back, 4096).line, `${OPENING} since=17@0a1b2c room=tea`);
});

test("what lets somebody in to a closed server goes before the rooms", () => {
  const { line } = answerTo({ ...WANTED, rooms: ["tea"], passes: ["invite=a-b", "password=c%20d"] }, 4096);
  assert.equal(line, `${OPENING} invite=a-b password=c%20d room=tea`);
});

test("a newcomer who is a stranger, or whose key is wrong, is asked for another", () => {
  for (const code of ["server-closed", "wrong-password", "invitation-refused"]) {
    for (const comingBack of [false, true]) assert.equal(remedyFor(code, { comingBack, hasRooms: true }), "ask");
  }
});

test("the room that one looks at is named last", () => {
  const { line } = answerTo({ ...WANTED, rooms: ["a", "b", "c"], last: "b" }, 4096);
  assert.equal(line, `${OPENING} room=a,c,b`);
});

test("rooms that do not fit into a line are left out, and never the one that one looks at", () => {
  const rooms = Array.from({ length: 50 }, (_, number) => `${number}${"\u6f22".repeat(30)}`);
  const wanted = { ...WANTED, rooms, last: rooms[3] ?? "", since: 2 ** 53 };
  const { line, rooms: named } = answerTo(wanted, 4096);
  assert.ok(size(line) <= 4096);
  assert.ok(named.length > 30 && named.length < 50);
  assert.equal(named.at(-1), rooms[3]);
  assert.ok(line.endsWith(`room=${named.join()}`));
  assert.deepEqual(answerTo(wanted, 10).rooms, []);
  assert.deepEqual(answerTo(wanted, Infinity).rooms, [rooms[3]]);
});

const NEW = { comingBack: false, hasRooms: false };
const BACK = { comingBack: true, hasRooms: true };

test("a newcomer whose nickname will not do is asked for another", () => {
  for (const code of ["nickname-taken", "nickname-refused", "stopping"]) assert.equal(remedyFor(code, NEW), "ask");
});

test("a newcomer who does not answer in time is let go until they do", () => {
  assert.equal(remedyFor("handshake-timeout", NEW), "close");
});

test("rooms that nobody may enter are left behind", () => {
  assert.equal(remedyFor("too-many-rooms", BACK), "without-rooms");
  assert.equal(remedyFor("line-too-long", BACK), "without-rooms");
  assert.equal(remedyFor("room-name-refused", { ...NEW, hasRooms: true }), "without-rooms");
  assert.equal(remedyFor("room-name-refused", NEW), "ask");
});

test("errors that are not about the nickname keep nobody from coming back later", () => {
  for (const code of ["stopping", "not-kept", "handshake-timeout", "error"]) {
    assert.equal(remedyFor(code, BACK), "later");
  }
});

test("a nickname that somebody else has is not waited for", () => {
  assert.equal(remedyFor("nickname-taken", BACK), "ask");
});
