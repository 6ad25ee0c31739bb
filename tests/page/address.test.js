/** The page's address. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fragmentOf, personIn, roomIn } from "../../chatroom/doors/web/page/address.js";

/** @param {string} address behind the path */
const partsOf = (address) => new URL(address, "https://chat.example/room/");

/** @param {string} address */
const room = (address) => roomIn(partsOf(address));

test("an address may name a room, in several ways", () => {
  for (const address of ["#room=tea", "#tea", "?room=tea", "?room=tea#", "?x=y&room=tea", "#x=y&room=tea", "##tea"]) {
    assert.equal(room(address), "tea");
  }
  assert.equal(room("#room=t%C3%A9"), "té");
  assert.equal(room("#t%C3%A9"), "té");
  assert.equal(room("?room=tea#room=dev"), "dev");
});

test("an address that names no room names none", () => {
  for (const address of ["", "#", "#room=", "#with=bob", "#%E0", "?tea"]) assert.equal(room(address), "");
});

test("a name that would be more than a room's in the line is none", () => {
  for (const address of ["#room=a%20since=0", "#room=a,b", "#room=a%0Ab", "#a%20b", "?room=a+b"]) {
    assert.equal(room(address), "");
  }
});

test("the fragment that names a place leads back to it", () => {
  for (const name of ["tea", "té", "a=b&c", "100%", "#x"]) {
    if (!name.startsWith("#")) assert.equal(room(fragmentOf({ kind: "room", name })), name);
    assert.equal(personIn(partsOf(fragmentOf({ kind: "private", name }))), name);
  }
  assert.equal(fragmentOf({ kind: "nowhere", name: "" }), "");
});
