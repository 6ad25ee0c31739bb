/** Texts that the user sends. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Requests } from "../../chatroom/doors/web/page/requests.js";
import { Typing } from "../../chatroom/doors/web/page/typing.js";
import { Page } from "./talk.js";

/** @import { Many } from "../../chatroom/doors/web/page/typing.js" */
/** @import { Message } from "../../chatroom/doors/web/page/wire.js" */

/** Alice, who is in lobby and tea, what she sends, and what goes back into the field. */
function alice() {
  const page = new Page().enters({ rooms: ["tea"] });
  /** @type {{say?: string, do?: string, room?: string}[]} */
  const sent = [];
  /** @type {Record<string, string>} */
  const restored = {};
  /** @type {string[]} */
  const answered = [];
  /** @type {Many[]} */
  const confirmed = [];
  const requests = new Requests((line) => {
    const { ref, ...rest } = JSON.parse(line);
    assert.ok(ref);
    return sent.push(rest) > 0;
  }, "p");
  requests.live();
  const typing = new Typing(
    page.store,
    requests,
    { quit: ({ argument }) => answered.push(`quit ${argument}`) },
    (place, text) => {
      restored[place] = text;
    },
    (many) => confirmed.push(many),
  );
  /** @param {number} number of the request @param {string} code */
  const refuse = (number, code) => {
    /** @type {Message & {kind: "error"}} */
    const error = { kind: "error", code, text: "no", ref: `p-${number}` };
    typing.refused(requests.answered(error), error);
  };
  return { page, sent, restored, answered, confirmed, requests, typing, refuse };
}

test("talk goes to the place that one looks at", () => {
  const { page, sent, typing } = alice();
  assert.ok(typing.send("hello"));
  page.store.look(page.room("tea"));
  assert.ok(typing.send("one\ntwo"));
  page.store.look(page.store.conversation("bob"));
  assert.ok(typing.send("psst\n/x"));
  assert.deepEqual(sent, [
    { say: "hello", room: "lobby" },
    { say: "one\ntwo", room: "tea" },
    { do: "/msg bob psst" },
    { do: "/msg bob /x" },
  ]);
});

test("the page answers its own commands, and the server the others", () => {
  const { sent, answered, typing } = alice();
  assert.ok(typing.send("/QUIT supper"));
  assert.ok(typing.send("/nick alison"));
  assert.ok(typing.send("/me waves"));
  assert.ok(typing.send("/constructor"));
  assert.ok(typing.send("/quit pasted", true));
  assert.deepEqual(answered, ["quit supper"]);
  assert.deepEqual(sent, [
    { do: "/nick alison" },
    { do: "/me waves", room: "lobby" },
    { do: "/constructor" },
    { say: "/quit pasted", room: "lobby" },
  ]);
});

test("a text that cannot be sent stays, and the reason is shown", () => {
  const { page, sent, typing } = alice();
  page.store.look(page.store.conversation("bob"));
  assert.ok(!typing.send("/me waves"));
  assert.deepEqual(sent, []);
  assert.equal(page.store.view.timeline.items.at(-1)?.kind, "error");
});

test("a text that is more than may be on its way stays", () => {
  const { page, sent, typing } = alice();
  page.store.look(page.store.conversation("bob"));
  assert.ok(!typing.send("psst\n".repeat(1001), false, true));
  assert.deepEqual(sent, []);
  assert.equal(page.store.view.timeline.items.at(-1)?.kind, "error");
});

test("the user is asked before much is sent, and what has not left yet can be stopped", () => {
  const { page, sent, restored, confirmed, typing } = alice();
  const text = Array.from({ length: 31 }, (_, number) => `line ${number}`).join("\n");
  assert.ok(!typing.send(text));
  assert.deepEqual([sent.length, confirmed.splice(0)], [0, [{ lines: 31, messages: 1, title: "#lobby" }]]);
  assert.ok(typing.send(text, false, true));
  assert.deepEqual(sent.splice(0), [{ say: text, room: "lobby" }]);
  page.store.look(page.store.conversation("bob"));
  assert.ok(!typing.send("x\n".repeat(6)));
  assert.deepEqual(confirmed, [{ lines: 6, messages: 6, title: "bob" }]);
  assert.ok(typing.send(text, true, true));
  assert.equal(sent.length, 15);
  typing.stop("private:bob");
  assert.equal(restored["private:bob"], text.slice(text.indexOf("line 15")));
  assert.equal(sent.length, 15);
});

test("talk that was refused goes back where it was typed", () => {
  const { page, restored, typing, refuse } = alice();
  typing.send("one");
  typing.send("//etc");
  page.store.look(page.store.conversation("bob"));
  typing.send("psst");
  refuse(2, "not-kept");
  assert.deepEqual(restored, { "room:lobby": "//etc" });
  refuse(3, "no-such-nickname");
  assert.deepEqual(restored, { "room:lobby": "//etc", "private:bob": "psst" });
  refuse(2, "not-kept");
  refuse(7, "not-kept");
  assert.equal(Object.keys(restored).length, 2);
});

test("a command that was refused does not go back, unless it says something", () => {
  const { restored, typing, refuse } = alice();
  typing.send("/nick *");
  typing.send("/me waves");
  refuse(1, "nickname-refused");
  assert.deepEqual(restored, {});
  refuse(2, "not-kept");
  assert.deepEqual(restored, { "room:lobby": "/me waves" });
});

test("what a server that is about to go does not take is sent to the next one", () => {
  const { sent, restored, requests, typing, refuse } = alice();
  typing.send("one");
  refuse(1, "stopping");
  assert.deepEqual(restored, {});
  typing.givenUp(requests.lost());
  requests.live();
  assert.deepEqual(sent, [{ say: "one", room: "lobby" }, { say: "one", room: "lobby" }]);
});

test("what is not sent again goes back where it was typed, and this is said", () => {
  const { page, restored, requests, typing } = alice();
  typing.send("/kill bob");
  typing.givenUp(requests.lost());
  assert.deepEqual(restored, { "room:lobby": "/kill bob" });
  assert.match(page.texts().at(-1) ?? "", /kill bob/);
});
