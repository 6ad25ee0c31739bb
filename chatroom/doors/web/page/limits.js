/** The limits of the server, which `welcome` tells, and texts cut to them. */

/**
 * @typedef {object} Limits
 * @property {number} line bytes in a line of text, such as the answer to NICK
 * @property {number} message bytes in a message, the ends of its lines counted
 * @property {number} lines lines in a message
 * @property {number} nickname characters in a nickname, or in the name of a room
 */

/** The limits before the server has told any. @type {Limits} */
export const NO_LIMITS = { line: Infinity, message: Infinity, lines: Infinity, nickname: Infinity };

const encoder = new TextEncoder();

/**
 * The bytes of a text, as it goes to the server.
 * @param {string} text
 */
export const size = (text) => encoder.encode(text).length;

// What a reader takes for one character: a letter with its accents, a flag, a family of emoji.
const clusters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The last place up to `end` at which a line may be cut: between two grapheme clusters, or in one that alone is longer.
 * @param {string} line
 * @param {number} end
 */
function placeToCut(line, end) {
  // The cluster that `end` is in begins there, or before it; one character behind `end` is enough to tell.
  const place = clusters.segment(line.slice(0, end + 2)).containing(end)?.index;
  if (place) return place;
  // Not between the halves of one character.
  return /[\uD800-\uDBFF]/.test(line.charAt(end - 1)) ? end - 1 : end;
}

/**
 * Pieces of one line, each of at most `most` bytes and none empty, cut at spaces where there are any.
 * @param {string} line
 * @param {number} most
 */
export function pieces(line, most) {
  const found = [];
  let rest = line;
  while (size(rest) > most) {
    let low = 1;
    let high = rest.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (size(rest.slice(0, middle)) <= most) low = middle;
      else high = middle - 1;
    }
    const space = rest.lastIndexOf(" ", low);
    const cut = placeToCut(rest, space > low / 2 ? space : low);
    found.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...found, rest].filter(Boolean);
}

/** @param {string[]} lines @returns {string} one text, with no empty line at its beginning or end; perhaps empty */
const joined = (lines) => lines.join("\n").replace(/^(?:[^\S\n]*\n)+|\s+$/g, "");

/**
 * Messages that together have all lines of a text, cut at line ends; a line that is longer than a message is cut, too.
 * @param {string[]} lines
 * @param {Pick<Limits, "message"|"lines">} limits
 */
export function messages(lines, limits) {
  const found = [];
  /** @type {string[]} */
  let now = [];
  let bytes = 0;
  for (const line of lines.flatMap((one) => (one.trim() ? pieces(one, limits.message) : [""]))) {
    const more = size(line) + 1;
    if (now.length >= limits.lines || bytes + more - 1 > limits.message) {
      found.push(joined(now));
      now = [];
      bytes = 0;
    }
    now.push(line);
    bytes += more;
  }
  return [...found, joined(now)].filter(Boolean);
}
