/** Decisions that the page and the terminal client share, by the cases that tests/test_shared_cases.py uses, too. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { linksIn } from "../../chatroom/doors/web/page/links.js";
import { mentions } from "../../chatroom/doors/web/page/mentions.js";
import { colourOf, initial } from "../../chatroom/doors/web/page/nicknames.js";
import { Unacknowledged } from "../../chatroom/doors/web/page/unacknowledged.js";

/** @import { Request } from "../../chatroom/doors/web/page/unacknowledged.js" */
/** @import { Message } from "../../chatroom/doors/web/page/wire.js" */

/** @param {string} name */
const cases = (name) => JSON.parse(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), "utf-8"));

/** @type {{why: string, text: string, nickname: string, found: string[]}[]} */
const MENTIONS = cases("mentions");
/** @type {{why: string, text: string, found: string[]}[]} */
const LINKS = cases("links");
/** @type {{why: string, nickname: string, colour: number}[]} */
const COLOURS = cases("colours");
/**
 * One step, and what is expected of it: a request is added and sent, or added alone, or there is no room for it; a
 * message is received; the connection is lost, with the refs of what is given up; it is live again, with the refs of
 * what is sent then; or both, where nothing is given up.
 * @typedef {object} Step
 * @property {Request} [send]
 * @property {Request} [add]
 * @property {Request} [full]
 * @property {Message} [receive]
 * @property {boolean} [refused] whether what is received hands the request back
 * @property {string[]} [lost]
 * @property {string[]} [live]
 * @property {string[]} [back]
 */
/** @type {{why: string, limits?: {requests: number, bytes: number}, steps: Step[], kept: string[]}[]} */
const UNACKNOWLEDGED = cases("unacknowledged");

for (const { why, text, nickname, found } of MENTIONS) {
  test(`a nickname is found as a word of its own: ${why}`, () => {
    const shown = text.normalize("NFC");
    assert.deepEqual(
      mentions(text, nickname).map(([start, end]) => shown.slice(start, end)),
      found,
    );
  });
}

for (const { why, text, found } of LINKS) {
  test(`an address is found without the sentence around it: ${why}`, () => {
    const links = linksIn(text);
    assert.deepEqual(links.map(({ address }) => address), found);
    for (const { address, at } of links) assert.equal(text.slice(at, at + address.length), address);
  });
}

for (const { why, nickname, colour } of COLOURS) {
  test(`a nickname has one colour everywhere: ${why}`, () => assert.equal(colourOf(nickname), colour));
}

test("every colour is some nickname's", () => {
  const found = new Set(Array.from({ length: 200 }, (_, number) => colourOf(`nick${number}`)));
  assert.equal(found.size, 12);
});

test("an initial is a letter as a person counts letters", () => {
  const initials = ["bob", "élodie", "e\u0301lodie", "👩‍🚀x", "太郎", "𠮷野", ""].map(initial);
  assert.deepEqual(initials, ["B", "É", "E\u0301", "👩‍🚀", "太", "𠮷", "?"]);
});

/** @param {{request: Request}[]} several */
const refs = (several) => several.map(({ request }) => request.ref);

/** @param {Request} request */
const made = (request) => ({ request, place: "", typed: "" });

/**
 * @param {Unacknowledged} unacknowledged
 * @param {Step} step
 */
function take(unacknowledged, { send, add, full, receive, refused = false, lost, live, back }) {
  if (send) {
    assert.ok(unacknowledged.add(made(send)));
    assert.deepEqual(refs(unacknowledged.takeUnsent()), [send.ref]);
  }
  if (add) assert.ok(unacknowledged.add(made(add)));
  if (full) assert.ok(!unacknowledged.add(made(full)));
  if (receive) {
    const settled = unacknowledged.answered(receive);
    assert.equal(settled && receive.kind === "error", refused);
  }
  if (lost ?? back) assert.deepEqual(refs(unacknowledged.lost()), lost ?? []);
  if (live ?? back) assert.deepEqual(refs(unacknowledged.takeUnsent()), live ?? back);
}

for (const { why, limits, steps, kept } of UNACKNOWLEDGED) {
  test(`what was not acknowledged is sent again: ${why}`, () => {
    const unacknowledged = new Unacknowledged(limits?.requests, limits?.bytes);
    for (const step of steps) take(unacknowledged, step);
    assert.deepEqual(refs(unacknowledged.all), kept);
  });
}
