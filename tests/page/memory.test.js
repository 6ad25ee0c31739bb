/** The page's memory. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory } from "../../chatroom/doors/web/page/memory.js";

/** A storage as browsers have it, in memory. */
class Drawer {
  /** @type {Map<string, string>} */
  #kept = new Map();

  /** @param {string} key */
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.#kept.set(key, value);
  }
}

const TAB = {
  client: "s".repeat(48),
  nickname: "alice",
  history: "0a1b2c",
  lastId: 17,
  looking: "tea",
  places: [{ name: "tea", unread: 2, mentioned: true, divider: 16, mention: 17 }],
  ignored: ["eve"],
  drafts: { "room:tea": "half" },
  unacknowledged: [
    { request: { say: "hello", room: "tea", ref: "1" }, place: "room:tea", typed: "hello" },
    { request: { do: "/topic milk", room: "tea", ref: "2" }, place: "room:tea", typed: "/topic milk" },
    { request: { do: "/nick al", ref: "3" }, place: "room:tea", typed: "" },
  ],
};

const NOTHING = { nickname: "", looking: "", places: [], ignored: [], drafts: {}, unacknowledged: [] };
const EMPTY_TAB = { client: "", history: "", lastId: 0, ...NOTHING };
const VISIT = { nickname: "alice", rooms: ["tea"], line: 4096, ignored: ["eve"], history: "0a1b2c", lastId: 17 };
const EMPTY_VISIT = { nickname: "", rooms: [], line: 0, ignored: [], history: "", lastId: 0 };

function memoryOf(tab = new Drawer(), visits = new Drawer()) {
  return new Memory(
    () => tab,
    () => visits,
  );
}

test("the first visit remembers nothing", () => {
  const memory = memoryOf();
  assert.deepEqual(memory.ofThisTab(), EMPTY_TAB);
  assert.deepEqual(memory.ofLastVisit(), EMPTY_VISIT);
});

test("a reload finds what the tab kept, and the next visit what the last one kept", () => {
  const tab = new Drawer();
  const visits = new Drawer();
  memoryOf(tab, visits).keepForThisTab(TAB);
  memoryOf(tab, visits).keepForNextVisit(VISIT);
  assert.deepEqual(memoryOf(tab, visits).ofThisTab(), TAB);
  assert.deepEqual(memoryOf(new Drawer(), visits).ofThisTab(), EMPTY_TAB);
  assert.deepEqual(memoryOf(new Drawer(), visits).ofLastVisit(), VISIT);
});

test("a browser that refuses to keep anything has a first visit each time", () => {
  const refuse = () => {
    throw new Error("SecurityError");
  };
  const memory = new Memory(refuse, refuse);
  memory.keepForThisTab(TAB);
  assert.deepEqual(memory.ofThisTab(), EMPTY_TAB);
});

test("a tab that was left remembers nothing", () => {
  const memory = memoryOf();
  memory.keepForThisTab(TAB);
  memory.forgetThisTab();
  assert.deepEqual(memory.ofThisTab(), EMPTY_TAB);
});

/** @param {string} text what stands in both storages */
function memoryWith(text) {
  const drawer = new Drawer();
  drawer.setItem("chatroom", text);
  return memoryOf(drawer, drawer);
}

test("what another program, or another version, has left under the same name is as good as nothing", () => {
  const wrong = {
    ...{ client: "short", nickname: 17, history: 1, lastId: "x", looking: null },
    ...{ places: {}, drafts: "x", unacknowledged: {}, rooms: "tea", line: "x", ignored: "eve" },
  };
  for (const text of ["", "{", "null", "17", '"alice"', "[1,2]", JSON.stringify(wrong)]) {
    assert.deepEqual(memoryWith(text).ofThisTab(), EMPTY_TAB);
    assert.deepEqual(memoryWith(text).ofLastVisit(), EMPTY_VISIT);
  }
});

test("of what is kept, whatever has the right shape is used", () => {
  const places = [null, { name: 17 }, { name: "tea", unread: "many", divider: -1, topic: "x" }];
  const drafts = { "room:tea": "half", "room:dev": 17 };
  const unacknowledged = [
    null,
    {},
    { request: { say: "x", room: "tea" } },
    { request: { say: "x", ref: "1" } },
    { request: { do: 17, ref: "2" } },
    { request: { do: "/who", room: null, ref: "3" }, typed: 17 },
  ];
  const kept = { nickname: "alice", lastId: 1.5, places, drafts, rooms: ["tea", 17], unacknowledged };
  const memory = memoryWith(JSON.stringify(kept));
  assert.deepEqual(memory.ofThisTab(), {
    ...EMPTY_TAB,
    nickname: "alice",
    places: [{ name: "tea", unread: 0, mentioned: false, divider: 0, mention: 0 }],
    drafts: { "room:tea": "half" },
    unacknowledged: [{ request: { do: "/who", ref: "3" }, place: "", typed: "" }],
  });
  assert.deepEqual(memory.ofLastVisit(), { ...EMPTY_VISIT, nickname: "alice", rooms: ["tea"] });
});
