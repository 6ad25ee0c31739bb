/** Typed text, as requests. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { size } from "../../chatroom/doors/web/page/limits.js";
import { Place } from "../../chatroom/doors/web/page/places.js";
import { read } from "../../chatroom/doors/web/page/typed.js";
import { COMMANDS, LIMITS } from "./talk.js";

const LOBBY = new Place("room", "lobby");
const BOB = new Place("private", "bob");
const commands = new Map(COMMANDS.map((command) => [command.name, command]));

/** @param {string} text @param {Place} place @param {boolean} pasted */
const readAt = (text, place = LOBBY, pasted = false) => read(text, { place, limits: LIMITS, commands, pasted });

/** @param {string} text @param {Place} place @param {boolean} pasted */
function talk(text, place = LOBBY, pasted = false) {
  const what = readAt(text, place, pasted);
  assert.ok("talk" in what);
  return what.talk;
}

/** @param {string} text @param {Place} place @param {boolean} pasted */
const asked = (text, place = LOBBY, pasted = false) => talk(text, place, pasted).map(({ wanted }) => wanted);

test("talk names its room", () => {
  assert.deepEqual(talk("hello"), [{ wanted: { say: "hello", room: "lobby" }, typed: "hello" }]);
});

test("a line that begins with a slash is a command, and names the room if it is about one", () => {
  const join = { wanted: { do: "/Join  tea " }, typed: "/Join  tea " };
  assert.deepEqual(readAt("/Join  tea "), { command: "join", argument: "tea", ready: join });
  const who = { wanted: { do: "/who", room: "lobby" }, typed: "/who" };
  assert.deepEqual(readAt("/who"), { command: "who", argument: "", ready: who });
  const novelty = { wanted: { do: "/constructor" }, typed: "/constructor" };
  assert.deepEqual(readAt("/constructor"), { command: "constructor", argument: "", ready: novelty });
});

test("two slashes say one, and are typed again when the text comes back", () => {
  assert.deepEqual(talk("//etc"), [{ wanted: { say: "/etc", room: "lobby" }, typed: "//etc" }]);
});

test("several lines are one message, whatever they begin with", () => {
  const text = "first\n/quit\n\n//x\nlast";
  assert.deepEqual(talk("first\r\n/quit\r\n\n//x\rlast\n"), [{ wanted: { say: text, room: "lobby" }, typed: text }]);
  assert.deepEqual(asked("/a\n//b"), [{ say: "/a\n//b", room: "lobby" }]);
});

test("a text that begins with something pasted is no command", () => {
  assert.deepEqual(talk("/etc/passwd", LOBBY, true), [
    { wanted: { say: "/etc/passwd", room: "lobby" }, typed: "//etc/passwd" },
  ]);
  assert.deepEqual(asked("//x", LOBBY, true), [{ say: "//x", room: "lobby" }]);
});

test("a text that is too long for one message is said in several", () => {
  const lines = Array.from({ length: 150 }, (_, number) => `line ${number}`);
  const sizes = asked(lines.join("\n")).map((wanted) => "say" in wanted && wanted.say.split("\n").length);
  assert.deepEqual(sizes, [100, 50]);
});

test("private talk is one message a line, and each names the other person", () => {
  assert.deepEqual(talk("hello\n\n/x", BOB), [
    { wanted: { do: "/msg bob hello" }, typed: "hello" },
    { wanted: { do: "/msg bob /x" }, typed: "//x" },
  ]);
  for (const wanted of asked("word ".repeat(2000), BOB)) assert.ok("do" in wanted && size(wanted.do) <= LIMITS.message);
});

test("commands about a room are refused in a private conversation", () => {
  assert.deepEqual(readAt("/me waves", BOB), { error: "/me is for rooms: go to one first. //me says it as text." });
  assert.ok("command" in readAt("/nick alison", BOB));
});

test("a command that is longer than a message is refused", () => {
  assert.ok("command" in readAt(`/topic ${"x".repeat(LIMITS.message - 7)}`));
  assert.deepEqual(readAt(`/topic ${"x".repeat(LIMITS.message - 6)}`), {
    error: "That is longer than 4096 bytes: say it in pieces.",
  });
});

test("nothing is said where nothing is typed", () => {
  for (const place of [LOBBY, BOB]) assert.deepEqual(talk(" \n\t\n", place), []);
});
