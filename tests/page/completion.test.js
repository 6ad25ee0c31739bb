/** Completion. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { complete, Completer } from "../../chatroom/doors/web/page/completion.js";

/** @param {string} name @param {string} args */
const command = (name, args) => ({ name, arguments: args, help: "", in_room: false });

const COMMANDS = [
  command("msg", "nickname text"),
  command("me", "text"),
  command("join", "room"),
  command("help", "[command]"),
  command("kick", "nickname [reason]"),
  command("ping", ""),
];

const KNOWN = {
  nicknames: ["Bob", "barbara", "Σίσυφος", "carol"],
  rooms: ["tea", "team"],
  commands: new Map(COMMANDS.map((one) => [one.name, one])),
};

/** @param {string} text */
const options = (text) => complete(text, KNOWN).options;

test("a nickname at the beginning says whom a message is for, and elsewhere it is a word", () => {
  assert.deepEqual(options("b"), ["Bob: ", "barbara: "]);
  assert.deepEqual(options("@BO"), ["Bob: "]);
  assert.deepEqual(options("ask b"), ["Bob ", "barbara "]);
  assert.deepEqual(options("first line\nb"), ["Bob ", "barbara "]);
  assert.deepEqual(options("σίσυφοσ"), ["Σίσυφος: "]);
  assert.deepEqual(options("//b"), []);
});

test("a command and its arguments are completed, each by what its help calls it", () => {
  assert.deepEqual(options("/m"), ["/msg ", "/me "]);
  assert.deepEqual(options("/msg c"), ["carol "]);
  assert.deepEqual(options("/msg carol ask b"), ["Bob ", "barbara "]);
  assert.deepEqual(options("/JOIN #te"), ["tea ", "team "]);
  assert.deepEqual(options("/help j"), ["join "]);
  assert.deepEqual(options("/kick carol b"), ["Bob ", "barbara "]);
  assert.deepEqual(options("/join tea b"), []);
  assert.deepEqual(options("/ping b"), []);
  assert.deepEqual(options("/unknown b"), ["Bob ", "barbara "]);
});

test("where no word was begun, and where nothing fits, nothing is offered", () => {
  for (const text of ["", "ask ", "/msg ", "xyz", "first\n"]) assert.deepEqual(options(text), []);
});

test("the same key again offers the next, and with Shift the one before", () => {
  const completer = new Completer(() => KNOWN);
  const first = completer.next("b", 1, 1);
  assert.deepEqual(first, { text: "Bob: ", caret: 5 });
  assert.deepEqual(completer.next("Bob: ", 5, 1), { text: "barbara: ", caret: 9 });
  assert.deepEqual(completer.next("barbara: ", 9, 1), { text: "Bob: ", caret: 5 });
  assert.deepEqual(completer.next("Bob: ", 5, -1), { text: "barbara: ", caret: 9 });
});

test("text behind the caret stays", () => {
  const completer = new Completer(() => KNOWN);
  assert.deepEqual(completer.next("ask ca please", 6, 1), { text: "ask carol please", caret: 9 });
  assert.deepEqual(completer.next("/ms", 3, 1), { text: "/msg ", caret: 5 });
  assert.equal(completer.next("xyz", 3, 1), undefined);
  assert.equal(completer.next("b", 1, -1), undefined);
});
