/** The state of the chat, made from a server's messages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { event, events, ids, made, NOON, Page, roster, welcome } from "./talk.js";

// Coming in.

test("a newcomer looks at the room they come in to, with its people, its topic and its past", () => {
  const page = new Page().hears(
    welcome(["bob", "alice"], { topic: "tea", size: 5 }),
    { kind: "past", room: "lobby" },
    event(3),
    event(4, { kind: "topic", text: "older" }),
    { kind: "live" },
    event(5, { kind: "joined", nick: "alice", text: "" }),
  );
  const { store } = page;
  assert.equal(store.me, "alice");
  assert.equal(store.view, page.room("lobby"));
  assert.equal(store.view.topic, "tea");
  assert.equal(store.view.size, 5);
  assert.deepEqual(page.texts(), ["line 3", "older", ""]);
  assert.equal(store.lastId, 5);
  assert.ok(store.entered);
  assert.equal(page.lives, 1);
});

test("a newcomer is told nothing of the past, and it is not unread", () => {
  const page = new Page().enters({ past: events(1, 3) });
  assert.deepEqual(page.heard, []);
  assert.equal(page.room("lobby").unread, 0);
  assert.equal(page.room("lobby").divider, 0);
});

test("several rooms are entered at once", () => {
  const page = new Page().enters({ rooms: ["tea", "dev"] });
  assert.deepEqual([...page.store.rooms.keys()], ["lobby", "tea", "dev"]);
  assert.equal(page.store.view.name, "lobby");
});

test("messages of a kind that this page does not know are passed over", () => {
  const page = new Page().enters();
  for (const kind of ["novelty", "constructor", "__proto__"]) {
    page.store.take(/** @type {any} */ ({ kind, room: "lobby", text: "new" }));
    page.store.take(/** @type {any} */ (event(200, /** @type {any} */ ({ kind }))));
  }
  assert.deepEqual(page.texts(), [""]);
});

// Talk.

test("what others say is heard, and comes into the room where it was said", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(event(200), event(201, { room: "tea" }));
  assert.deepEqual(page.heard, ["#lobby: line 200", "#tea: line 201"]);
  assert.deepEqual(page.texts("tea"), ["", "line 201"]);
});

test("what one says oneself is neither heard nor unread, and nothing before it is new any more", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(event(199, { room: "tea" }));
  assert.equal(page.room("tea").divider, 199);
  page.hears(event(200, { nick: "alice", room: "tea" }));
  assert.deepEqual(page.heard, ["#tea: line 199"]);
  assert.equal(page.room("tea").unread, 1);
  assert.equal(page.room("tea").divider, 0);
});

test("what is said elsewhere is unread until one looks there, and marks where it began", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.hears(event(200, { room: "tea" }), event(201, { room: "tea", text: "alice?" }));
  const tea = page.room("tea");
  assert.equal(tea.unread, 2);
  assert.ok(tea.mentioned);
  page.store.look(tea);
  assert.equal(tea.unread, 0);
  assert.ok(!tea.mentioned);
  assert.equal(tea.divider, 200);
  page.store.look(page.room("lobby"));
  assert.equal(tea.divider, 0);
});

test("coming and going is not unread", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.hears(event(200, { kind: "joined", nick: "carol", text: "", room: "tea" }));
  assert.equal(page.room("tea").unread, 0);
  assert.deepEqual([...page.room("tea").people], ["alice", "carol"]);
});

test("a page that nobody looks at counts what is said where one was", () => {
  const page = new Page().enters();
  page.store.watch(false);
  page.hears(event(200), event(201));
  assert.equal(page.store.view.unread, 2);
  page.store.watch(true);
  assert.equal(page.store.view.unread, 0);
  assert.equal(page.store.view.divider, 200);
});

// Coming back.

test("what was missed is shown once and unread, and what was known is not shown again", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(event(200), event(201, { room: "tea" }));
  page.store.look(page.room("tea"));
  page.store.look(page.room("lobby"));
  page.store.lost();
  page.store.entering(201);
  page.hears(
    welcome(["alice"]),
    { kind: "people", ...roster(["alice"], { room: "tea" }) },
    { kind: "past", room: "lobby" },
    event(202),
    event(203, { room: "tea", text: "alice!" }),
    event(204, { nick: "alice", text: "said before the connection was lost" }),
    { kind: "live" },
    event(205, { kind: "joined", nick: "alice", text: "" }),
    event(206, { kind: "joined", nick: "alice", text: "", room: "tea" }),
  );
  assert.deepEqual(ids(page.room("lobby").timeline.items), [100, 200, 202, 204, 205]);
  assert.equal(page.room("lobby").divider, 202);
  assert.equal(page.room("tea").unread, 1);
  assert.ok(page.room("tea").mentioned);
});

test("a history that is not the one known is shown from its last, and the reason with it", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(...events(200, 210), event(211, { room: "tea" }));
  page.store.lost();
  page.store.entering(211);
  page.hears(
    { ...welcome(["alice"]), history: "another" },
    { kind: "people", ...roster(["alice"], { room: "tea" }) },
    { kind: "reset", code: "other-history", text: "You may have missed something." },
    { kind: "past", room: "lobby" },
    event(2),
    { kind: "live" },
    event(3, { kind: "joined", nick: "alice", text: "" }),
    event(4),
  );
  assert.deepEqual(page.texts(), ["You may have missed something.", "line 2", "", "line 4"]);
  assert.deepEqual(page.texts("tea"), []);
  assert.deepEqual([page.room("lobby").divider, page.room("tea").unread], [0, 0]);
  assert.equal(page.store.lastId, 4);
  assert.equal(page.store.history, "another");
});

test("somebody whose place another connection has taken is in their rooms still", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  const left = { kind: /** @type {const} */ ("left"), nick: "alice", text: "came back by another connection" };
  page.hears(event(200, left), event(201, { ...left, room: "tea" }));
  assert.deepEqual([...page.store.rooms.keys()], ["lobby", "tea"]);
});

test("the limits and the commands are those of the server", () => {
  const { store } = new Page().enters();
  assert.equal(store.limits.message, 4096);
  assert.equal(store.commands.get("topic")?.in_room, true);
  assert.equal(store.history, "0a1b2c");
});

test("the message of the day is for newcomers, and not for those who come back", () => {
  const page = new Page();
  const come = () =>
    page.hears(
      welcome(["alice"]),
      { kind: "notice", text: "Be kind." },
      { kind: "past", room: "lobby" },
      { kind: "live" },
    );
  come();
  assert.deepEqual(page.texts(), ["Be kind."]);
  page.store.lost();
  page.store.entering(17);
  come();
  assert.deepEqual(page.texts(), ["Be kind."]);
});

// Rooms.

test("a room that one joins is looked at, with its people", () => {
  const page = new Page().enters();
  page.isAnswered(
    made("/join tea"),
    { kind: "people", ...roster(["carol", "alice"], { room: "tea", topic: "milk" }) },
    { kind: "past", room: "tea" },
    { kind: "live" },
    event(200, { kind: "joined", nick: "alice", text: "", room: "tea" }),
  );
  assert.equal(page.store.view.title, "#tea");
  assert.equal(page.store.view.topic, "milk");
  assert.deepEqual([...page.store.view.people], ["carol", "alice"]);
});

test("who is in a room that one is not in is passed over", () => {
  const page = new Page().enters();
  page.isAnswered(made("/who tea"), { kind: "people", ...roster(["carol"], { room: "tea" }) });
  assert.deepEqual([...page.store.rooms.keys()], ["lobby"]);
});

test("a room that one leaves is gone, and one looks at the room before", () => {
  const page = new Page().enters({ rooms: ["tea", "dev"] });
  for (const room of ["lobby", "dev", "tea"]) page.store.look(page.room(room));
  page.isAnswered(made("/leave tea"), event(200, { kind: "left", nick: "alice", text: "", room: "tea" }));
  assert.deepEqual([...page.store.rooms.keys()], ["lobby", "dev"]);
  assert.equal(page.store.view.title, "#dev");
});

test("somebody who is in no room any more looks nowhere", () => {
  const page = new Page().enters().isAnswered(made("/leave"), event(200, { kind: "left", nick: "alice", text: "" }));
  assert.equal(page.store.view.kind, "nowhere");
});

test("a room that one asks to join, and is in, is looked at", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.hears({ kind: "speaking", room: "tea" });
  assert.equal(page.store.view.title, "#lobby");
  page.isAnswered(made("/join TEA"), { kind: "speaking", room: "tea" });
  assert.equal(page.store.view.title, "#tea");
});

test("the rooms that there are can be listed", () => {
  const listed = [{ room: "tea", size: 3, topic: "" }];
  const page = new Page().enters().hears({ kind: "rooms", rooms: listed });
  assert.deepEqual(page.store.listed, listed);
  assert.equal(page.store.listedInPart, false);
  const others = [{ room: "milk", size: 1, topic: "" }];
  page.hears({ kind: "rooms", rooms: others, words: "milk" }, { kind: "rooms", rooms: others, after: "cake" });
  assert.deepEqual(page.store.listed, [...listed, ...others]);
  page.hears({ kind: "rooms", rooms: listed, more: true });
  assert.deepEqual(page.store.listed, listed);
  assert.equal(page.store.listedInPart, true);
});

test("people who are listed page by page are all known", () => {
  const page = new Page().enters();
  page.hears(
    { kind: "people", ...roster(["alice", "bob"], { size: 3, more: true }) },
    { kind: "people", ...roster(["carol"], { size: 3, after: "bob" }) },
  );
  assert.deepEqual([...page.room("lobby").people], ["alice", "bob", "carol"]);
});

test("somebody whose departure could not be kept is shown to have left", () => {
  const page = new Page().enters().hears({ kind: "gone", room: "lobby", nick: "bob", text: "connection lost" });
  assert.deepEqual([...page.room("lobby").people], ["alice"]);
  assert.deepEqual(page.texts(), ["", "connection lost"]);
});

// Private conversations.

test("private talk comes into a conversation with the other person", () => {
  const page = new Page().enters();
  page.hears(
    { kind: "private", at: NOON, nick: "bob", to: "alice", text: "psst" },
    { kind: "private", at: NOON, nick: "alice", to: "bob", text: "yes?" },
  );
  const bob = page.store.conversation("bob");
  assert.deepEqual(
    bob.timeline.items.map(({ text }) => text),
    ["psst", "yes?"],
  );
  assert.equal(bob.unread, 1);
  assert.ok(bob.mentioned);
  assert.deepEqual(page.heard, ["bob: psst"]);
});

/** @param {Page} page @param {string} place where the command is typed */
const whispers = (page, place) =>
  page.isAnswered(made("/msg bob psst", place), { kind: "private", at: NOON, nick: "alice", to: "bob", text: "psst" });

test("a conversation that is begun by a command is looked at, and no other answer leads there", () => {
  const page = new Page().enters();
  whispers(page, "room:lobby");
  assert.equal(page.store.view.title, "bob");
  page.store.look(page.room("lobby"));
  whispers(page, "private:bob");
  assert.equal(page.store.view.title, "#lobby");
});

test("a private message that was told before its answer was lost is shown", () => {
  const page = new Page().enters().isAnswered(made("/msg bob psst now"), { kind: "done" });
  assert.equal(page.store.view.title, "bob");
  assert.deepEqual(page.store.view.timeline.items.map(({ nick, text }) => [nick, text]), [["alice", "psst now"]]);
});

test("a message that was kept before its answer was lost is shown with what was missed, and not again", () => {
  const page = new Page().enters().isAnswered(made("/me waves"), { kind: "done", event: 100 });
  assert.deepEqual(page.texts(), [""]);
});

test("a conversation follows a new name", () => {
  const page = new Page().enters();
  const bob = page.store.conversation("bob");
  page.hears(event(200, { kind: "renamed", text: "robert" }));
  assert.equal(page.store.conversation("robert"), bob);
  assert.equal(bob.title, "robert");
});

test("a conversation that has followed a new name and one with somebody who took the old one are two places", () => {
  const page = new Page().enters();
  const robert = page.store.conversation("bob");
  page.hears(event(200, { kind: "renamed", text: "robert" }));
  page.hears({ kind: "private", at: NOON, nick: "bob", to: "alice", text: "I am another bob" });
  const bob = page.store.conversation("bob");
  assert.notEqual(bob, robert);
  assert.notEqual(bob.key, robert.key);
  page.hears(event(201, { kind: "renamed", text: "bobby" }));
  assert.equal(new Set([robert, bob, page.store.conversation("bob")].map(({ key }) => key)).size, 3);
});

test("a conversation that is ended shows the room again", () => {
  const page = new Page().enters();
  const bob = page.store.conversation("bob");
  page.store.look(bob);
  page.store.end(bob);
  assert.equal(page.store.view.title, "#lobby");
  assert.equal(page.store.privates.size, 0);
});

test("the number of conversations has a bound, and the one looked at stays", () => {
  const page = new Page().enters();
  page.store.look(page.store.conversation("first"));
  for (let number = 0; number < 300; number += 1) {
    page.hears({ kind: "private", at: NOON, nick: `bob${number}`, to: "alice", text: "hi" });
  }
  assert.equal(page.store.privates.size, 100);
  assert.ok(page.store.privates.has("first"));
  assert.ok(page.store.privates.has("bob299"));
});

test("one's own new name is followed", () => {
  const page = new Page().enters().hears(event(200, { kind: "renamed", nick: "alice", text: "alison" }));
  assert.equal(page.store.me, "alison");
});

// The past.

test("older events are asked for once, from the oldest that is here", () => {
  const page = new Page().enters({ past: events(60, 69) });
  assert.equal(page.asksForOlder(), "/history 50 before 60");
  assert.equal(page.asksForOlder(), undefined);
  page.hears({ kind: "history", room: "lobby", events: events(10, 34), more: true, ref: "older" });
  assert.equal(page.asksForOlder(), undefined);
  page.hears({ kind: "history", room: "lobby", events: events(1, 9), more: false, ref: "another" });
  page.hears({ kind: "history", room: "lobby", events: events(35, 59), more: false, ref: "older" });
  assert.deepEqual(ids(page.room("lobby").timeline.items).slice(0, -1), ids(events(10, 69)));
  assert.equal(page.asksForOlder(), "/history 50 before 10");
});

test("a room whose beginning is here is complete", () => {
  const page = new Page().enters();
  page.asksForOlder();
  page.hears({ kind: "history", room: "lobby", events: events(1, 49), more: false, ref: "older" });
  assert.ok(page.room("lobby").timeline.complete);
  assert.equal(page.asksForOlder(), undefined);
});

test("nothing older is asked for where there is none, or while it cannot come", () => {
  const page = new Page();
  assert.equal(page.asksForOlder(), undefined);
  page.enters();
  page.store.look(page.store.conversation("bob"));
  assert.equal(page.asksForOlder(), undefined);
  page.store.look(page.room("lobby"));
  assert.ok(!page.store.askForOlder(50, () => ""));
  assert.ok(page.asksForOlder());
});

test("older events may be asked for again when the question was refused or the connection lost", () => {
  const page = new Page().enters();
  page.asksForOlder();
  page.hears({ kind: "error", code: "unknown-command", text: "There is no /halp." });
  assert.equal(page.asksForOlder(), undefined);
  page.hears({ kind: "error", code: "no-history", text: "No history is kept.", ref: "older" });
  assert.ok(page.asksForOlder());
  page.store.lost();
  page.enters({ id: 300 });
  assert.ok(page.asksForOlder());
});

test("older events of a kind that this page does not know are passed over", () => {
  const page = new Page().enters();
  page.asksForOlder();
  const novelty = event(2, /** @type {any} */ ({ kind: "novelty" }));
  page.hears({ kind: "history", room: "lobby", events: [event(1), novelty, event(3)], more: false, ref: "older" });
  assert.deepEqual(ids(page.room("lobby").timeline.items), [1, 3, 100]);
});

test("older events do not come in front of a gap, and may be asked for again", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(...events(200, 1500));
  const lobby = page.room("lobby");
  page.asksForOlder();
  page.store.look(page.room("tea"));
  assert.equal(lobby.timeline.oldestId, 1001);
  page.hears({ kind: "history", room: "lobby", events: events(50, 99), more: false, ref: "older" });
  assert.deepEqual(ids(lobby.timeline.items), ids(events(1001, 1500)));
  page.store.look(lobby);
  assert.equal(page.asksForOlder(), "/history 50 before 1001");
});

test("what a search has found is handed on", () => {
  const page = new Page().enters();
  page.hears({ kind: "found", room: "lobby", words: "line", events: events(1, 2) });
  assert.deepEqual(page.found, [["line 1", "line 2"]]);
});

// Errors.

test("an error is shown where one looks, unless it has been shown", () => {
  const page = new Page().enters();
  page.hears(
    { kind: "error", code: "unknown-command", text: "There is no /halp." },
    { kind: "error", code: "nothing-to-search", text: "There is no word to search for." },
  );
  assert.deepEqual(page.refused, ["unknown-command", "nothing-to-search"]);
  assert.deepEqual(page.texts(), ["", "There is no /halp."]);
});

test("an answer is shown where its request was made, and where one looks by now", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.store.look(page.room("tea"));
  page.isAnswered(made("/topic"), { kind: "notice", text: "there is no topic in lobby" });
  page.isAnswered(made("/me waves"), { kind: "error", code: "not-kept", text: "not sent" });
  assert.deepEqual(page.texts(), ["", "there is no topic in lobby", "not sent"]);
  assert.deepEqual(page.texts("tea"), ["", "#lobby: there is no topic in lobby", "#lobby: not sent"]);
});

test("an error of a server that is about to go is not shown, since the request is made again", () => {
  const page = new Page().enters().isAnswered(made("/me waves"), { kind: "error", code: "stopping", text: "stopping" });
  assert.deepEqual(page.texts(), [""]);
});

// Who is away, and who invites.

test("somebody who is away is so in each of their rooms, until they are back", () => {
  const page = new Page().enters();
  const { away } = page.room("lobby");
  const says = (/** @type {string} */ text, nick = "bob") =>
    page.hears({ kind: "away", at: NOON, room: "lobby", nick, text });
  says("lunch");
  assert.deepEqual([...away], [["bob", "lunch"]]);
  page.hears(event(200, { kind: "renamed", text: "robert" }));
  assert.deepEqual([...away], [["robert", "lunch"]]);
  says("", "robert");
  assert.equal(away.size, 0);
  assert.deepEqual(page.texts(), ["", "robert"]);
});

test("somebody who has left is not away", () => {
  const page = new Page().enters();
  page.hears({ kind: "away", at: NOON, room: "lobby", nick: "bob", text: "lunch" }, event(200, { kind: "left" }));
  assert.equal(page.room("lobby").away.size, 0);
});

test("who is away is forgotten when one comes back, since it is not told again", () => {
  const page = new Page().enters().hears({ kind: "away", at: NOON, room: "lobby", nick: "bob", text: "lunch" });
  page.store.lost();
  page.hears(welcome(["bob", "alice"]));
  assert.equal(page.room("lobby").away.size, 0);
});

test("an invitation is shown where one looks, and counted where nobody does", () => {
  const page = new Page().enters();
  page.hears({ kind: "invited", nick: "bob", room: "tea" });
  const item = page.store.view.timeline.items.at(-1);
  assert.ok(item?.kind === "invited");
  assert.deepEqual([item.nick, item.room], ["bob", "tea"]);
  assert.deepEqual(page.heard, ["#lobby: invites you to tea"]);
  page.store.watch(false);
  page.hears({ kind: "invited", nick: "bob", room: "tea" });
  assert.equal(page.store.view.unread, 1);
});

// Bounds.

test("a place that nobody looks at keeps its newest messages", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(...events(200, 5200, { room: "tea" }));
  const { items } = page.room("tea").timeline;
  assert.ok(items.length >= 500 && items.length <= 600);
  assert.equal(items.at(-1)?.id, 5200);
});

test("a place where people only come and go has a bound as well", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  for (let id = 200; id < 5200; id += 2) {
    page.hears(event(id, { kind: "joined", text: "", room: "tea" }), event(id + 1, { kind: "left", room: "tea" }));
    page.hears({ kind: "gone", room: "tea", nick: "carol", text: "" });
  }
  assert.ok(page.room("tea").timeline.items.length <= 600);
});

test("a place that one looks away from keeps its newest messages", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(...events(200, 3200));
  assert.equal(page.texts().length, 3002);
  page.store.look(page.room("tea"));
  assert.equal(page.texts().length, 500);
});

test("somebody who leaves knows nothing any more", () => {
  const page = new Page().enters({ rooms: ["tea"] }).hears(event(200));
  page.store.conversation("bob");
  page.store.reset();
  const { me, rooms, privates, view, lastId, entered } = page.store;
  assert.deepEqual([me, rooms.size, privates.size, view.kind, lastId, entered], ["", 0, 0, "nowhere", 0, false]);
});

test("somebody whose connection an operator has closed goes on looking at their room", () => {
  const page = new Page().enters();
  // The server gives it the ref of whatever was asked for last.
  const left = event(200, { kind: "left", nick: "alice", text: "Killed (root (spam))" });
  page.isAnswered(made("/topic milk"), left);
  assert.equal(page.store.view.title, "#lobby");
});

// People who are ignored.

test("whoever is ignored is neither heard nor shown, whatever the server has told in the meantime", () => {
  const page = new Page().enters();
  page.isAnswered(made("/ignore BOB"), { kind: "notice", text: "you now ignore BOB" });
  page.store.lost();
  page.enters({ past: [event(190), event(191, { nick: "carol" })], id: 200 });
  page.hears({ kind: "private", at: NOON, nick: "bob", to: "alice", text: "psst" });
  page.hears({ kind: "invited", nick: "bob", room: "tea" });
  page.asksForOlder();
  page.hears({ kind: "history", room: "lobby", events: [event(1)], more: false, ref: "older" });
  assert.deepEqual(page.texts(), ["", "you now ignore BOB", "line 191", ""]);
  assert.deepEqual([page.store.privates.size, page.store.ignored.names], [0, ["BOB"]]);
  page.isAnswered(made("/unignore bob"), { kind: "notice", text: "you no longer ignore bob" });
  page.hears(event(201));
  assert.equal(page.texts().at(-1), "line 201");
});

test("what the page itself tells the server about people who are ignored is not shown", () => {
  const page = new Page().enters();
  page.isAnswered(made("/ignore bob", ""), { kind: "notice", text: "you now ignore bob" });
  page.isAnswered(made("/ignore bob", ""), { kind: "error", code: "bad-argument", text: "no" });
  assert.deepEqual(page.texts(), [""]);
});

// New messages.

test("the first new message and the first that names the user are known until one looks elsewhere", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.hears(...events(200, 1799, { room: "tea" }), event(1800, { room: "tea", text: "alice?" }));
  page.hears(...events(1801, 2600, { room: "tea" }));
  const tea = page.room("tea");
  page.store.look(tea);
  assert.deepEqual([tea.divider, tea.mention, tea.behind], [200, 1800, 2401]);
  page.store.look(page.room("lobby"));
  assert.deepEqual([tea.divider, tea.mention, tea.behind], [0, 0, 0]);
});

test("what is new in a conversation is marked", () => {
  const page = new Page().enters();
  for (const text of ["psst", "are you there?"]) {
    page.hears({ kind: "private", at: NOON, nick: "bob", to: "alice", text });
  }
  const bob = page.store.conversation("bob");
  page.store.look(bob);
  assert.equal(bob.timeline.items[0]?.id, bob.divider);
  assert.ok(bob.divider);
});

// Whether the other person of a conversation is here.

test("a conversation says when the other person has gone, and when they are back", () => {
  const page = new Page().enters({ rooms: ["tea"] });
  page.hears(event(200, { kind: "joined", text: "", room: "tea" }));
  const bob = page.store.conversation("bob");
  const leaves = { kind: /** @type {const} */ ("left"), text: "supper" };
  page.hears(event(201, leaves));
  assert.ok(!bob.gone);
  page.hears(event(202, { ...leaves, room: "tea" }));
  assert.ok(bob.gone);
  page.hears(event(203, { kind: "joined", text: "", room: "tea" }));
  assert.ok(!bob.gone);
  assert.deepEqual(bob.timeline.items.map(({ kind }) => kind), ["left", "joined"]);
});

test("somebody who has gone while the connection was lost is known to have gone", () => {
  const page = new Page().enters();
  const [bob, stranger] = [page.store.conversation("bob"), page.store.conversation("stranger")];
  page.store.lost();
  page.hears(welcome(["alice"]), { kind: "past", room: "lobby" }, { kind: "live" });
  assert.deepEqual([bob.gone, stranger.gone], [true, false]);
});
