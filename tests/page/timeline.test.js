/** The list of what has happened in one place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline } from "../../chatroom/doors/web/page/timeline.js";
import { events, event, ids, NOON } from "./talk.js";

/** @param {number} first @param {number} last */
function timelineOf(first, last) {
  const timeline = new Timeline();
  for (const one of events(first, last)) timeline.append(one);
  return timeline;
}

test("an empty timeline has no ids, and its end stands before its beginning", () => {
  const timeline = new Timeline();
  assert.equal(timeline.oldestId, 0);
  assert.equal(timeline.newestId, 0);
  assert.equal(timeline.to, timeline.from - 1);
});

test("an event that is here already is not added again", () => {
  const timeline = timelineOf(5, 7);
  assert.equal(timeline.append(event(6)), false);
  assert.equal(timeline.append(event(8)), true);
  assert.deepEqual(ids(timeline.items), [5, 6, 7, 8]);
});

test("items without an id are always added", () => {
  const timeline = timelineOf(5, 5);
  assert.ok(timeline.append({ kind: "notice", at: NOON, text: "hello" }));
  assert.ok(timeline.append({ kind: "notice", at: NOON, text: "hello" }));
  assert.equal(timeline.items.length, 3);
  assert.equal(timeline.newestId, 5);
});

test("the place of an item stays the same while the list grows at both ends and is trimmed", () => {
  const timeline = timelineOf(50, 60);
  const seq = timeline.seqOf(55);
  assert.ok(seq !== undefined);
  timeline.append(event(61));
  timeline.prepend(events(40, 49));
  assert.equal(timeline.seqOf(55), seq);
  assert.equal(timeline.at(seq)?.id, 55);
  timeline.trim(10);
  assert.equal(timeline.at(seq)?.id, 55);
  assert.equal(timeline.from, timeline.seqOf(52));
  assert.equal(timeline.to, timeline.seqOf(61));
});

test("older events that are here already are passed over", () => {
  const timeline = timelineOf(5, 7);
  timeline.prepend(events(3, 6));
  assert.deepEqual(ids(timeline.items), [3, 4, 5, 6, 7]);
  assert.deepEqual(
    timeline.items.map(({ seq }) => seq - timeline.from),
    [0, 1, 2, 3, 4],
  );
});

test("a timeline that was trimmed is complete no more", () => {
  const timeline = timelineOf(1, 10);
  timeline.complete = true;
  timeline.trim(10);
  assert.ok(timeline.complete);
  timeline.trim(9);
  assert.ok(!timeline.complete);
  assert.equal(timeline.seqOf(1), undefined);
});
