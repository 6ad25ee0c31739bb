/** Secrets. */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { randomText } from "../../chatroom/doors/web/page/secrets.js";

test("a secret is long enough for a server, and never the same", () => {
  const secrets = Array.from({ length: 100 }, () => randomText(24, /** @type {Crypto} */ (webcrypto)));
  for (const secret of secrets) assert.match(secret, /^[0-9a-f]{48}$/);
  assert.equal(new Set(secrets).size, 100);
});
