/** Places: who is in them, and what they are called. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Place } from "../../chatroom/doors/web/page/places.js";

test("a place is called by what it is", () => {
  assert.equal(new Place("room", "tea").title, "#tea");
  assert.equal(new Place("private", "bob").title, "bob");
  assert.equal(new Place("nowhere", "").title, "No room");
});

test("people come, go and change their names", () => {
  const place = new Place("room", "tea");
  place.setPeople(["alice", "bob"], 2);
  place.follow({ kind: "joined", nick: "carol", text: "" });
  place.follow({ kind: "renamed", nick: "bob", text: "robert" });
  place.follow({ kind: "left", nick: "alice", text: "supper" });
  assert.deepEqual([...place.people], ["carol", "robert"]);
  assert.equal(place.size, 2);
});

test("people whose nicknames are not known are counted until they leave or are named", () => {
  const place = new Place("room", "tea");
  place.setPeople(["alice"], 4);
  assert.equal(place.size, 4);
  place.follow({ kind: "left", nick: "stranger", text: "" });
  assert.equal(place.size, 3);
  place.follow({ kind: "renamed", nick: "another", text: "known" });
  assert.equal(place.size, 3);
  assert.deepEqual([...place.people], ["alice", "known"]);
  place.follow({ kind: "left", nick: "third", text: "" });
  place.follow({ kind: "left", nick: "fourth", text: "" });
  assert.equal(place.size, 2);
});

test("a page of people that goes on is added to those who are named", () => {
  const place = new Place("room", "tea");
  place.setPeople(["alice", "bob"], 5);
  place.setPeople(["carol", "dave"], 5, true);
  assert.deepEqual([...place.people], ["alice", "bob", "carol", "dave"]);
  assert.equal(place.size, 5);
  place.setPeople(["erin"], 1);
  assert.deepEqual([...place.people], ["erin"]);
});

test("the topic follows the events", () => {
  const place = new Place("room", "tea");
  place.follow({ kind: "topic", nick: "bob", text: "milk" });
  assert.equal(place.topic, "milk");
  place.follow({ kind: "said", nick: "bob", text: "sugar" });
  assert.equal(place.topic, "milk");
});

test("the version grows with every change of the people", () => {
  const place = new Place("room", "tea");
  const versions = [place.version];
  place.setPeople(["alice"], 1);
  versions.push(place.version);
  place.follow({ kind: "joined", nick: "bob", text: "" });
  versions.push(place.version);
  assert.equal(new Set(versions).size, 3);
});
