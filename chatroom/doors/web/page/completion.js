/**
 * Completion for the Tab key: commands, nicknames and rooms, by the rules of the terminal client. A word that nothing
 * completes leaves the key to the browser, so that Tab goes on to the next element.
 */

import { folded } from "./folding.js";

/** @import { CommandHelp } from "./wire.js" */

/** Arguments that are free text, in which any word may be a nickname; they go on to the end of the line. */
const TEXTS = new Set(["text", "words", "reason"]);

/**
 * @typedef {object} Known
 * @property {string[]} nicknames in the order in which they are offered
 * @property {string[]} rooms
 * @property {Map<string, CommandHelp>} commands by name
 */

/**
 * The name that the help of a command gives to its argument with this index; empty where there is none.
 * @param {CommandHelp|undefined} command
 * @param {number} index
 */
function argumentOf(command, index) {
  if (!command) return "text";
  const names = command.arguments.split(/\s+/).map((name) => name.replace(/^\[+|\]+$/g, ""));
  const last = names.at(-1) ?? "";
  return names[index] ?? (TEXTS.has(last) ? last : "");
}

/**
 * @param {string} word
 * @param {string[]} names
 * @param {string} end follows each
 */
const matching = (word, names, end) =>
  names.filter((name) => word && folded(name).startsWith(folded(word))).map((name) => name + end);

/**
 * Completions for the last word of `text`, and the length of the part that each replaces.
 * @param {string} text up to the caret
 * @param {Known} known
 * @returns {{options: string[], length: number}}
 */
export function complete(text, { nicknames, rooms, commands }) {
  const word = /\S*$/.exec(text)?.[0] ?? "";
  const before = text.slice(0, text.length - word.length);
  /** @param {string} sign that may stand before the word, and goes @param {string[]} names @param {string} end */
  const found = (sign, names, end) => {
    const bare = word.startsWith(sign) ? word.slice(sign.length) : word;
    return { options: matching(bare, names, end), length: word.length };
  };
  if (!/^\/[^/]?/.test(text) || text.startsWith("//")) {
    // At the beginning of a message, a nickname says whom it is for.
    return found("@", nicknames, before.trim() ? " " : ": ");
  }
  if (!before) return found("", Array.from(commands.keys(), (name) => `/${name}`), " ");
  const [name = "", ...done] = before.trim().split(/\s+/);
  const wanted = argumentOf(commands.get(name.slice(1).toLowerCase()), done.length);
  if (wanted === "room") return found("#", rooms, " ");
  if (wanted === "command") return found("", [...commands.keys()], " ");
  if (wanted === "nickname" || TEXTS.has(wanted)) return found("@", nicknames, " ");
  return { options: [], length: 0 };
}

/** Completion in a field: the same key again offers the next, and with Shift the one before. */
export class Completer {
  /** @type {string[]} */
  #options = [];
  #index = 0;
  /** The beginning and the end of the part of the text that is completed, and the whole text with it. */
  #start = 0;
  #end = 0;
  #text = "";

  /** @param {() => Known} known */
  constructor(known) {
    this.known = known;
  }

  /**
   * The text of a field with its word completed, and where the caret then stands.
   * @param {string} text
   * @param {number} caret
   * @param {1|-1} step to the next, or to the one before
   * @returns {{text: string, caret: number}|undefined} undefined when nothing completes the word
   */
  next(text, caret, step) {
    if (text === this.#text && caret === this.#end && this.#options.length) {
      this.#index = (this.#index + step + this.#options.length) % this.#options.length;
    } else if (step < 0) return undefined;
    else {
      const { options, length } = complete(text.slice(0, caret), this.known());
      this.#options = options;
      this.#index = 0;
      this.#start = caret - length;
    }
    const option = this.#options[this.#index];
    if (option === undefined) return undefined;
    // No space is doubled.
    const word = text.charAt(caret) === " " ? option.trimEnd() : option;
    this.#text = text.slice(0, this.#start) + word + text.slice(caret);
    this.#end = this.#start + word.length;
    return { text: this.#text, caret: this.#end };
  }
}
