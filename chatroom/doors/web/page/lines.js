/** What one types, as the lines that go to the server: each a command, or something said. */

const MOST = 4096; // bytes in a line
const encoder = new TextEncoder();

/** The bytes of a text, as it goes to the server. */
export const size = (text) => encoder.encode(text).length;

/** Commands that are about the room one speaks in, and so mean nothing in a private conversation. */
const OF_ROOMS = new Set(["me", "topic", "who", "history", "search", "leave"]);

/** Pieces of a text, each of at most `most` bytes, cut at spaces where there are any. */
function pieces(text, most = MOST) {
  const found = [];
  let rest = text;
  while (size(rest) > most) {
    let low = 1;
    let high = rest.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (size(rest.slice(0, middle)) <= most) low = middle;
      else high = middle - 1;
    }
    const space = rest.lastIndexOf(" ", low);
    let cut = space > low / 2 ? space : low;
    // Not between the halves of one character.
    if (/[\uD800-\uDBFF]/.test(rest[cut - 1])) cut -= 1;
    found.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...found, rest];
}

/**
 * @param {string} typed
 * @param {import("./places.js").Place} place where it was typed
 * @returns {{command: string, argument: string, line: string}|{said: {line: string, text: string}[]}|{error: string}}
 *   one command, with the line that asks the server for it; or what is said; or why neither can be
 */
export function read(typed, place) {
  const lines = typed.split(/\r\n|\r|\n/).filter((line) => line.trim());
  // Several lines are always talk: nobody who pastes a list of paths means commands.
  const [only] = lines;
  if (lines.length === 1 && /^\/[^/]/.test(only)) return command(only, place);
  const texts = lines.length === 1 ? [only.replace(/^\/\//, "/")] : lines;
  const prefix = place.kind === "private" ? `/msg ${place.name} ` : "";
  const said = texts
    .flatMap((text) => pieces(text, MOST - size(prefix) - 1))
    .map((text) => ({ text, line: prefix ? prefix + text : text.replace(/^\//, "//") }));
  return { said };
}

function command(line, place) {
  const [name, ...rest] = line.slice(1).split(" ");
  const found = { command: name.toLowerCase(), argument: rest.join(" ").trim(), line };
  if (size(line) > MOST) return { error: `That is longer than ${MOST} bytes: say it in pieces.` };
  if (place.kind === "private" && OF_ROOMS.has(found.command)) {
    return { error: `/${found.command} is for rooms: go to one first. //${found.command} says it as text.` };
  }
  return found;
}
