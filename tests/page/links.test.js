/** Addresses in a text. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { linksIn } from "../../chatroom/doors/web/page/links.js";

/** @param {string} text */
const addresses = (text) => linksIn(text).map(({ address }) => address);

test("an address is found where it stands", () => {
  const text = "see https://example.org/a?b=c#d today";
  assert.deepEqual(linksIn(text), [
    { address: "https://example.org/a?b=c#d", at: 4, href: "https://example.org/a?b=c#d" },
  ]);
});

test("what ends the sentence around an address is no part of it", () => {
  for (const end of [".", ",", "!", "?!", "...", "”", ").", "…", "**"]) {
    assert.deepEqual(addresses(`(https://example.org/x${end}`), ["https://example.org/x"]);
  }
});

test("a bracket that an address opens is part of it", () => {
  assert.deepEqual(addresses("https://example.org/a_(b), (https://example.org/c_(d))"), [
    "https://example.org/a_(b)",
    "https://example.org/c_(d)",
  ]);
});

test("nothing but addresses of the web is one", () => {
  assert.deepEqual(
    addresses("javascript:alert(1) data:text/html,x ftp://example.org xhttps://example.org https:// http://["),
    [],
  );
});

test("letters that only look like others are spelled out in where a link leads", () => {
  const [link] = linksIn("https://еxample.org/");
  assert.equal(link?.href, "https://xn--xample-2of.org/");
});

test("a link ends before what could end an attribute or an element", () => {
  assert.deepEqual(addresses('https://example.org/"onclick= https://example.org/<b>'), [
    "https://example.org/",
    "https://example.org/",
  ]);
});
