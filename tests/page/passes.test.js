/** What lets somebody in to a closed server. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { roomIn } from "../../chatroom/doors/web/page/address.js";
import { codeIn } from "../../chatroom/doors/web/page/passes.js";

test("the link of an invitation has its code, and names no room", () => {
  assert.equal(codeIn({ hash: "#invite=abcd-efgh" }), "abcd-efgh");
  assert.equal(roomIn({ hash: "#invite=abcd-efgh" }), "");
});

test("another address has none", () => {
  for (const hash of ["", "#", "#invite=", "#room=invite", "#invite"]) assert.equal(codeIn({ hash }), "");
});
