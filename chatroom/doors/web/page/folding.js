/** The form in which nicknames, and texts in which they may stand, are compared (docs/client.rst). */

/**
 * `one`, unless it is longer or shorter than `other`: a character whose case takes two letters stays as it is.
 * @param {string} one
 * @param {string} other
 */
const sameLength = (one, other) => (one.length === other.length ? one : other);

/** @param {string} character */
function foldedCharacter(character) {
  // By way of the upper case, since some letters have two lower ones: the sigma within a word and at its end.
  const upper = sameLength(character.toUpperCase(), character);
  return sameLength(upper.toLowerCase(), upper);
}

/**
 * A text with each character in its own lower case: upper and lower case are the same, and the length stays.
 * @param {string} text
 */
export const folded = (text) => text.replace(/[A-Z]|\P{ASCII}/gu, foldedCharacter);
