/** Times and days in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, day, dayKey, full, machine } from "../../chatroom/doors/web/page/times.js";

const DAY = 86_400;
const NOON = new Date(2026, 10, 22, 12).getTime() / 1000; // of a local day

test("today and yesterday are called so, from their first minute to their last", () => {
  const midnight = NOON - DAY / 2;
  assert.equal(day(midnight, NOON), "Today");
  assert.equal(day(NOON + DAY / 2 - 1, NOON), "Today");
  assert.equal(day(midnight - 1, NOON), "Yesterday");
  assert.equal(day(midnight - DAY, NOON), "Yesterday");
});

test("other days of the last months are named without their year, older ones with it", () => {
  const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
  const lately = day(NOON - 9 * DAY, NOON);
  assert.ok(lately.includes(weekday.format((NOON - 9 * DAY) * 1000)));
  assert.ok(!lately.includes("2026"));
  assert.ok(day(NOON - 400 * DAY, NOON).includes("2025"));
});

test("two times of one local day have one key", () => {
  assert.equal(dayKey(NOON), dayKey(NOON + DAY / 2 - 1));
  assert.notEqual(dayKey(NOON), dayKey(NOON + DAY / 2));
});

test("a time is shown for people and for machines", () => {
  assert.equal(machine(0), "1970-01-01T00:00:00.000Z");
  assert.match(clock(NOON), /12/);
  assert.ok(full(NOON).includes("2026"));
});
