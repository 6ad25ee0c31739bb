/** The text in the message field, as requests: a command, or talk. */

import { messages, pieces, size } from "./limits.js";

/** @import { Limits } from "./limits.js" */
/** @import { Place } from "./places.js" */
/** @import { CommandHelp } from "./wire.js" */

/** @typedef {{say: string, room: string}|{do: string, room?: string}} Wanted a request before it has a ref */
/** @typedef {{wanted: Wanted, typed: string}} Ready a request, and the text that asks for it when it is typed */
/** @typedef {{command: string, argument: string, ready: Ready}} Command */
/** @typedef {{talk: Ready[]}} Talk in the order in which it is said; empty where nothing is */
/** @typedef {{error: string}} Fault why nothing can be sent */

/**
 * @typedef {object} Circumstances
 * @property {Pick<Place, "kind"|"name">} place where it was typed
 * @property {Limits} limits
 * @property {Map<string, CommandHelp>} commands by name
 * @property {boolean} pasted whether the text begins with something that was pasted, which is never a command
 */

/**
 * @param {string} text
 * @param {Circumstances} circumstances
 * @returns {Command|Talk|Fault}
 */
export function read(text, { place, limits, commands, pasted }) {
  const lines = text.split(/\r\n|\r|\n/);
  const filled = lines.filter((line) => line.trim());
  const only = filled.length === 1 && !pasted ? filled[0] : undefined;
  if (only !== undefined && /^\/[^/]/.test(only)) return command(only, place, limits, commands);
  const said = only === undefined ? lines : [only.replace(/^\/\//, "/")];
  if (place.kind === "private") return { talk: whispered(said, place.name, limits) };
  const talk = messages(said, limits).map((one) => ({ wanted: { say: one, room: place.name }, typed: asTyped(one) }));
  return { talk };
}

/**
 * Private talk. It is asked for by a command, which has one line.
 * @param {string[]} lines
 * @param {string} nickname
 * @param {Limits} limits
 * @returns {Ready[]}
 */
function whispered(lines, nickname, limits) {
  const prefix = `/msg ${nickname} `;
  return lines
    .flatMap((line) => pieces(line.trim(), limits.message - size(prefix)))
    .map((line) => ({ wanted: { do: prefix + line }, typed: asTyped(line) }));
}

/**
 * The text that has `said` said when it is typed: one line that begins with a slash would be a command.
 * @param {string} said
 */
const asTyped = (said) => (said.startsWith("/") && !said.includes("\n") ? `/${said}` : said);

/**
 * @param {string} line
 * @param {Pick<Place, "kind"|"name">} place
 * @param {Limits} limits
 * @param {Map<string, CommandHelp>} commands
 * @returns {Command|Fault}
 */
function command(line, place, limits, commands) {
  const [written = "", ...rest] = line.slice(1).split(" ");
  const name = written.toLowerCase();
  const inRoom = commands.get(name)?.in_room ?? false;
  if (size(line) > limits.message) return { error: `That is longer than ${limits.message} bytes: say it in pieces.` };
  if (place.kind === "private" && inRoom) {
    return { error: `/${name} is for rooms: go to one first. //${name} says it as text.` };
  }
  const wanted = inRoom && place.kind === "room" ? { do: line, room: place.name } : { do: line };
  return { command: name, argument: rest.join(" ").trim(), ready: { wanted, typed: line } };
}
