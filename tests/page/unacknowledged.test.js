/** Unacknowledged requests; what the page shares with the terminal client is in cases.test.js. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf, Unacknowledged } from "../../chatroom/doors/web/page/unacknowledged.js";

/** @param {string} ref @param {string} say */
const talk = (ref, say = "hello") => ({ request: { say, room: "lobby", ref }, place: "room:lobby", typed: say });

test("requests that are made together are kept together, or none of them is", () => {
  const unacknowledged = new Unacknowledged(3, 100);
  assert.ok(unacknowledged.add(talk("1"), talk("2")));
  assert.ok(!unacknowledged.add(talk("3"), talk("4")));
  assert.deepEqual(unacknowledged.all.map(({ request }) => request.ref), ["1", "2"]);
  assert.ok(unacknowledged.add(talk("5")));
});

test("a command has a name, however it is typed, and talk has none", () => {
  const commands = ["/Join tea", "join tea", " /join", "/join\ttea"];
  assert.deepEqual(new Set(commands.map((command) => commandOf({ do: command, ref: "1" }))), new Set(["join"]));
  assert.equal(commandOf(talk("1", "/join tea").request), "");
});
