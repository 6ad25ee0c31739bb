/** The colour of a nickname, as a number, and its initial. */

import { folded } from "./folding.js";

const COLOURS = 12;
const encoder = new TextEncoder();
// A browser that is not quite new has none.
const graphemes = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/**
 * The number of a nickname's colour, from 0 to 11: the same one on every page and in the terminal client, however the
 * name is written. docs/client.rst says by which rule, and tests/cases/colours.json holds both to it.
 * @param {string} nickname
 */
export function colourOf(nickname) {
  // FNV-1a of 32 bits, whose upper bits are the better mixed ones.
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(folded(nickname.normalize("NFC")))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash >>> 8) % COLOURS;
}

/**
 * The first letter of a nickname, as a person counts letters.
 * @param {string} nickname
 */
export function initial(nickname) {
  const [first] = graphemes ? Array.from(graphemes.segment(nickname), ({ segment }) => segment) : nickname;
  return (first ?? "?").toUpperCase();
}
