/** Random text that nobody can guess: the secret of a tab, by which the server knows who comes back. */

const BYTES = 24;

/**
 * New random text, of hexadecimal digits.
 * @param {number} bytes
 * @param {Pick<Crypto, "getRandomValues">} random
 */
export function randomText(bytes = BYTES, random = crypto) {
  const values = random.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}
