/** How a nickname looks: its colour, and its initial in a disc. The colours themselves are in style.css. */

import { element } from "./dom.js";

const HUES = 12;
const graphemes = globalThis.Intl?.Segmenter ? new Intl.Segmenter() : null;

/** The class of a nickname's colour: the same one on every page, however the name is written. */
export function hue(nickname) {
  // FNV-1a, whose upper bits are the better mixed ones.
  let hash = 0x811c9dc5;
  for (const character of nickname.toLowerCase()) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return `hue-${(hash >>> 8) % HUES}`;
}

/** The first letter of a nickname, as a person counts letters. */
export function initial(nickname) {
  const [first] = graphemes ? graphemes.segment(nickname) : nickname;
  return (first?.segment ?? first ?? "?").toUpperCase();
}

/** A nickname in its colour. `bdi` keeps its writing direction from what stands around it. */
export const nameOf = (nickname) => element("bdi", { class: `nick ${hue(nickname)}` }, nickname);

/** The disc with its initial. */
export const avatarOf = (nickname) =>
  element("span", { class: `avatar ${hue(nickname)}`, "aria-hidden": "true" }, initial(nickname));
