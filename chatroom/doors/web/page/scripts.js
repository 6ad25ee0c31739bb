/** Characters of a text, and the scripts that they are of. */

/**
 * Scripts that are written without spaces between words, or in which words carry endings without a space: the same as
 * in the terminal client.
 */
export const SPACELESS = new RegExp(
  `[${["Hani", "Hira", "Kana", "Bopo", "Hang", "Yiii", "Thai", "Laoo", "Khmr", "Mymr", "Tale", "Talu", "Lana", "Tavt"]
    .map((script) => `\\p{Script_Extensions=${script}}`)
    .join("")}]`,
  "u",
);

/**
 * The last character before `at`; empty at the beginning.
 * @param {string} text
 * @param {number} at
 */
export const characterBefore = (text, at) => Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? "";

/**
 * The first character behind `at`; empty at the end.
 * @param {string} text
 * @param {number} at
 */
export const characterBehind = (text, at) => Array.from(text.slice(at, at + 2))[0] ?? "";
