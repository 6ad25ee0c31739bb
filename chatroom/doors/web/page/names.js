/** Elements for nicknames: the name in its colour, and its initial in a disc. The colours are in style.css. */

import { element } from "./dom.js";
import { colourOf, initial } from "./nicknames.js";

/**
 * The class of a nickname's colour.
 * @param {string} nickname
 */
export const hue = (nickname) => `hue-${colourOf(nickname)}`;

/**
 * A nickname in its colour. `bdi` keeps its writing direction from what stands around it.
 * @param {string} nickname
 */
export const nameOf = (nickname) => element("bdi", { class: `nick ${hue(nickname)}` }, nickname);

/**
 * The disc with its initial.
 * @param {string} nickname
 */
export const avatarOf = (nickname) =>
  element("span", { class: `avatar ${hue(nickname)}`, "aria-hidden": "true" }, initial(nickname));
