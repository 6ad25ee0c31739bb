/** Going from place to place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Moves } from "../../chatroom/doors/web/page/moves.js";
import { Page } from "./talk.js";

/** Alice, who is in lobby, tea and dev, and what she asks for. */
function alice() {
  const page = new Page().enters({ rooms: ["tea", "dev"] });
  /** @type {string[]} */
  const asked = [];
  let arrivals = 0;
  const moves = new Moves(
    page.store,
    (command) => `ref ${asked.push(command)}`,
    () => {
      arrivals += 1;
    },
  );
  return { page, asked, moves, arrivals: () => arrivals };
}

test("a place is looked at at once, and the server need not know", () => {
  const { page, asked, moves, arrivals } = alice();
  moves.look(page.room("tea"));
  assert.equal(page.store.view.title, "#tea");
  moves.whisper("bob");
  assert.equal(page.store.view.title, "bob");
  assert.deepEqual(asked, []);
  assert.equal(arrivals(), 2);
});

test("the place above and the place below are reached step by step, around the ends", () => {
  const { page, moves } = alice();
  const inOrder = ["dev", "lobby", "tea"].map((name) => page.room(name));
  const titles = [1, 1, 1, -1].map((step) => {
    moves.step(step, inOrder);
    return page.store.view.title;
  });
  assert.deepEqual(titles, ["#tea", "#dev", "#lobby", "#dev"]);
});

test("from nowhere, the first place is below and the last above", () => {
  for (const [step, title] of /** @type {[number, string][]} */ ([[1, "#dev"], [-1, "#tea"]])) {
    const { page, moves } = alice();
    page.store.look(page.store.nowhere);
    moves.step(step, ["dev", "lobby", "tea"].map((name) => page.room(name)));
    assert.equal(page.store.view.title, title);
    moves.step(step, []);
    assert.equal(page.store.view.title, title);
  }
});

test("a room that one is in is gone to, and any other is asked for", () => {
  const { page, asked, moves, arrivals } = alice();
  moves.join("#tea");
  assert.equal(page.store.view.title, "#tea");
  moves.join("supper");
  assert.deepEqual(asked, ["/join supper"]);
  assert.equal(arrivals(), 2);
});

test("a room is left by asking, and a conversation here alone", () => {
  const { page, asked, moves } = alice();
  moves.leave(page.room("tea"));
  moves.whisper("bob");
  moves.leave(page.store.view);
  assert.equal(page.store.view.title, "#lobby");
  assert.deepEqual(asked, ["/leave tea"]);
});
