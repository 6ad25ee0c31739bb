/** Requests, and what they are answered with. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Requests } from "../../chatroom/doors/web/page/requests.js";
import { event } from "./talk.js";

/** @param {string} text */
const talk = (text) => ({ wanted: { say: text, room: "lobby" }, typed: text });

/** Requests over a connection that may be open, and what went over it. */
function requestsOver() {
  /** @type {{say?: string, do?: string, room?: string, ref: string}[]} */
  const sent = [];
  const line = { open: true };
  const requests = new Requests((text) => line.open && sent.push(JSON.parse(text)) > 0, "p");
  return { sent, line, requests, texts: () => sent.map((request) => request.say ?? request.do) };
}

test("every request has a ref of its own, and says where", () => {
  const { sent, requests } = requestsOver();
  requests.live();
  requests.make("room:lobby", talk("one"), talk("two"));
  requests.ask("/who tea");
  requests.ask("/history 50", "tea");
  assert.deepEqual(sent, [
    { say: "one", room: "lobby", ref: "p-1" },
    { say: "two", room: "lobby", ref: "p-2" },
    { do: "/who tea", ref: "p-3" },
    { do: "/history 50", room: "tea", ref: "p-4" },
  ]);
});

test("a message is matched with the request that it answers, and with no other", () => {
  const { requests } = requestsOver();
  requests.live();
  requests.make("room:lobby", talk("one"));
  assert.equal(requests.answered(event(7)), undefined);
  assert.equal(requests.answered(event(7, { ref: "p-2" })), undefined);
  assert.equal(requests.answered(event(7, { ref: "p-1" }))?.place, "room:lobby");
  assert.equal(requests.answered(event(7, { ref: "p-1" })), undefined);
});

test("a question of the page itself is matched until its last answer", () => {
  const { requests } = requestsOver();
  const ref = requests.ask("/history 50", "lobby");
  for (const more of [true, true, false]) {
    assert.ok(requests.answered({ kind: "history", room: "lobby", events: [], more, ref }));
  }
  assert.equal(requests.answered({ kind: "history", room: "lobby", events: [], more: false, ref }), undefined);
});

test("what is asked for before everything missed is here is sent behind what is sent again", () => {
  const { requests, texts } = requestsOver();
  requests.live();
  requests.make("room:lobby", talk("one"), talk("two"));
  requests.lost();
  requests.make("room:lobby", talk("three"));
  requests.answered(event(7, { ref: "p-1" }));
  assert.deepEqual(texts(), ["one", "two"]);
  requests.live();
  assert.deepEqual(texts(), ["one", "two", "two", "three"]);
  requests.live();
  assert.equal(texts().length, 4);
});

test("what could not be handed to the connection is sent over the next one", () => {
  const { line, requests, texts } = requestsOver();
  requests.live();
  line.open = false;
  assert.ok(requests.make("room:lobby", talk("one")));
  assert.equal(requests.ask("/who"), "");
  line.open = true;
  requests.lost();
  requests.live();
  assert.deepEqual(texts(), ["one"]);
});

test("questions of the page itself are not sent again", () => {
  const { requests, texts } = requestsOver();
  requests.live();
  const ref = requests.ask("/rooms");
  requests.lost();
  requests.live();
  assert.deepEqual(texts(), ["/rooms"]);
  assert.equal(requests.answered({ kind: "rooms", rooms: [], ref }), undefined);
});

test("a page that is loaded again goes on with the refs of before, and gives new ones to what is new", () => {
  const before = requestsOver();
  before.requests.live();
  before.requests.make("room:lobby", talk("one"));
  const after = new Requests(() => true);
  after.restore(before.requests.unacknowledged.all);
  after.make("room:lobby", talk("two"));
  const [first, second] = after.unacknowledged.all.map(({ request }) => request.ref);
  assert.equal(first, "p-1");
  assert.match(second ?? "", /^[0-9a-f]{16}-1$/);
});

test("somebody is on the way to another room until the answer has come", () => {
  const { requests } = requestsOver();
  requests.live();
  requests.make("room:lobby", { wanted: { do: "/join tea" }, typed: "" });
  assert.ok(requests.joining);
  requests.answered({ kind: "past", room: "tea", ref: "p-1" });
  assert.ok(requests.joining);
  requests.answered({ kind: "error", code: "too-many-rooms", text: "", ref: "p-1" });
  assert.ok(!requests.joining);
});

test("a few requests are on their way at once, and those behind them can be taken back", () => {
  const { requests, texts } = requestsOver();
  requests.live();
  requests.make("room:tea", ...Array.from({ length: 30 }, (_, number) => talk(`line ${number}`)));
  requests.make("room:lobby", talk("elsewhere"));
  const [first = "", ...more] = texts();
  assert.deepEqual([first, more.length], ["line 0", 15]);
  requests.answered(event(7, { ref: "p-1" }));
  assert.equal(texts().at(-1), "line 16");
  assert.equal(requests.waiting("room:tea").length, 29);
  assert.equal(requests.stoppable("room:tea"), 13);
  const back = requests.unacknowledged.takeBack("room:tea");
  assert.deepEqual(back.map(({ typed }) => typed), Array.from({ length: 13 }, (_, number) => `line ${number + 17}`));
  requests.answered(event(8, { ref: "p-2" }));
  assert.equal(texts().at(-1), "elsewhere");
});

test("what one says is waiting until it comes back, in words, and what one asks for is not", () => {
  const { requests } = requestsOver();
  const asked = ["/me waves", "/msg bob psst psst", "/topic milk"].map((command) => {
    return { wanted: { do: command }, typed: command };
  });
  requests.make("room:lobby", talk("one"), ...asked);
  assert.deepEqual(requests.waiting("room:lobby"), [
    { ref: "p-1", kind: "said", text: "one" },
    { ref: "p-2", kind: "acted", text: "waves" },
    { ref: "p-3", kind: "said", text: "psst psst" },
  ]);
  assert.deepEqual(requests.waiting("room:tea"), []);
});

test("nothing more is asked for when too much is unacknowledged", () => {
  const { requests } = requestsOver();
  for (let number = 0; number < 1000; number += 1) assert.ok(requests.make("room:lobby", talk("x")));
  assert.ok(!requests.make("room:lobby", talk("one too many")));
  requests.reset();
  assert.ok(requests.make("room:lobby", talk("x")));
});
