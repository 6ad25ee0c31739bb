/** The connection goes by the page's own clock, whatever is done to the one on the wall. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Connection } from "../../chatroom/doors/web/page/connection.js";

/** @import { ConnectionListener } from "../../chatroom/doors/web/page/connection.js" */

const WELCOME = '{"kind":"welcome","nick":"ann","room":"lobby","topic":"","people":["ann"],"size":1}';

/** The browser's end of a WebSocket whose other end is the test. */
class Socket {
  static OPEN = 1;
  readyState = 1;
  /** @type {Socket[]} */
  static all = [];
  /** @type {((event: { data: string }) => void)|null} */
  onmessage = null;
  constructor() {
    Socket.all.push(this);
  }
  send() {}
  close() {}
}

const { WebSocket, setInterval, setTimeout, clearTimeout } = globalThis;
const real = { wall: Date.now, steady: performance.now };
let wall = 0;
let steady = 0;
let pings = 0;
/**
 * Calls that are due by the page's clock; `again` is the milliseconds between those of an interval.
 * @type {{ at: number, call: () => void, again: number, id: number }[]}
 */
let due = [];
let ids = 0;

/**
 * @param {() => void} call
 * @param {number} delay
 * @param {number} again
 * @returns {number} the id of the call
 */
function later(call, delay, again) {
  due.push({ at: steady + delay, call, again, id: ++ids });
  return ids;
}

/** @param {number} milliseconds */
function pass(milliseconds) {
  const end = steady + milliseconds;
  wall += milliseconds;
  for (;;) {
    const next = due.filter((one) => one.at <= end).sort((one, other) => one.at - other.at)[0];
    if (!next) break;
    due = due.filter((one) => one !== next);
    steady = Math.max(steady, next.at);
    if (next.again) due.push({ ...next, at: next.at + next.again });
    next.call();
  }
  steady = end;
}

/** @returns {Connection} of a user who is in */
function isIn() {
  /** @type {ConnectionListener} */
  const listener = { hello: () => "ann", message() {}, refused() {}, ping: () => pings++, changed() {} };
  const connection = new Connection("ws://x/chat", listener);
  connection.open();
  Socket.all[0]?.onmessage?.({ data: "NICK" });
  Socket.all[0]?.onmessage?.({ data: WELCOME });
  assert.equal(connection.state, "in");
  return connection;
}

beforeEach(() => {
  [wall, steady, pings, due, Socket.all] = [1e12, 1000, 0, [], []];
  Object.assign(globalThis, {
    WebSocket: Socket,
    setInterval: (/** @type {() => void} */ call, again = 0) => later(call, again, again),
    setTimeout: (/** @type {() => void} */ call, delay = 0) => later(call, delay, 0),
    clearTimeout: (/** @type {number} */ id) => (due = due.filter((one) => one.id !== id)),
  });
  Date.now = () => wall;
  performance.now = () => steady;
});

afterEach(() => {
  Object.assign(globalThis, { WebSocket, setInterval, setTimeout, clearTimeout });
  Date.now = real.wall;
  performance.now = real.steady;
});

test("a dead connection is given up in time though the clock was set back", () => {
  const connection = isIn();
  wall -= 7_200_000;
  pass(60_000);
  assert.ok(pings > 0);
  assert.notEqual(connection.state, "in");
});

test("a clock that is set forward ends no connection that answers", () => {
  const connection = isIn();
  for (let step = 0; step < 3; step++) {
    wall += 7_200_000;
    pass(10_000);
    Socket.all[0]?.onmessage?.({ data: '{"kind":"pong","text":""}' });
  }
  assert.equal(connection.state, "in");
  assert.equal(Socket.all.length, 1);
});

test("after a sleep in which the page's clock stood still, the server is asked at once", () => {
  isIn();
  pass(1000);
  assert.equal(pings, 0);
  wall += 3_600_000;
  pass(1000);
  assert.equal(pings, 1);
});

test("after a sleep, a try that waits is made at once", () => {
  const connection = isIn();
  // The third try comes after 3.2 seconds at the earliest.
  for (let tries = 0; tries < 3; tries++) connection.retryLater();
  assert.equal(connection.state, "waiting");
  pass(1500);
  assert.equal(Socket.all.length, 1);
  wall += 3_600_000;
  pass(1000);
  assert.equal(Socket.all.length, 2);
});
