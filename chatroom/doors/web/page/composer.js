/**
 * The message field: it grows with its text, keeps a draft for each place, completes words, and recalls texts that were
 * sent.
 */

import { Completer } from "./completion.js";

/** @import { Known } from "./completion.js" */

const MOST_REMEMBERED = 50;

/**
 * @typedef {object} ComposerParts
 * @property {HTMLFormElement} form
 * @property {HTMLTextAreaElement} field
 * @property {HTMLElement} label
 * @property {HTMLElement} button sends
 */
/** @typedef {Record<string, string>} Drafts texts that were typed and not sent, by the key of the place */

export class Composer {
  #place = "";
  #known = false;
  /**
   * Texts that were sent, the newest last.
   * @type {string[]}
   */
  #sent = [];
  /** How far back in those the text in the field stands; 0 for a text of its own. */
  #back = 0;
  /**
   * The texts at the beginning of a draft that were handed back, by the key of the place.
   * @type {Map<string, string>}
   */
  #handedBack = new Map();
  /** Whether the text in the field begins with something that was pasted. */
  #pasted = false;

  /**
   * @param {ComposerParts} parts
   * @param {(text: string, pasted: boolean, sure: boolean) => boolean} send false when it could not be sent, and so
   *   stays; `pasted` says that the text begins with something that was pasted, `sure` that the user was asked already
   * @param {() => Known} known gives what words may be completed to
   */
  constructor(parts, send, known) {
    this.parts = parts;
    this.completer = new Completer(known);
    this.send = send;
    /** @type {Drafts} */
    this.drafts = {};
    const { form, field, button } = parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
      // Whoever has pressed the button types on.
      this.focus();
    });
    // A button that is pressed by a hand takes no focus: on a phone, the keyboard would close.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("paste", () => {
      this.#pasted ||= field.selectionStart === 0;
    });
    // Where it is dropped is not known yet.
    field.addEventListener("drop", () => {
      this.#pasted = true;
    });
    field.addEventListener("input", () => {
      this.#back = 0;
      this.#handedBack.delete(this.#place);
      this.#pasted &&= field.value !== "";
      this.#changed();
    });
  }

  /**
   * Type to another place from now on.
   * @param {string} place its key
   * @param {string} label
   * @param {boolean} known whether it is one
   */
  show(place, label, known) {
    const { field, label: shown } = this.parts;
    shown.textContent = label;
    field.placeholder = label;
    if (place === this.#place) return;
    // A text that was typed before the first place was known belongs to that one.
    if (!this.#known && field.value) this.drafts[place] = field.value;
    this.#known = known;
    this.#place = place;
    this.#set(this.drafts[place] ?? "");
  }

  /**
   * Put a text that was not sent before the draft of its place, behind those that were put there before.
   * @param {string} place its key
   * @param {string} text
   */
  restore(place, text) {
    const draft = this.drafts[place];
    const before = this.#handedBack.get(place) ?? "";
    const first = before && draft?.startsWith(before) ? `${before}\n${text}` : text;
    const rest = first === text ? draft : draft?.slice(before.length + 1);
    const restored = rest ? `${first}\n${rest}` : first;
    this.#handedBack.set(place, first);
    this.drafts[place] = restored;
    if (place === this.#place) this.#set(restored);
  }

  focus() {
    this.parts.field.focus({ preventScroll: true });
  }

  /** @param {string} text */
  #set(text) {
    this.#pasted = false;
    this.parts.field.value = text;
    this.#changed();
  }

  #changed() {
    const { field } = this.parts;
    if (field.value) this.drafts[this.#place] = field.value;
    else delete this.drafts[this.#place];
    // For browsers that do not size a field by its content.
    field.rows = Math.min(8, field.value.split("\n").length);
  }

  /**
   * Send the text in the field.
   * @param {boolean} sure whether the user was asked already
   */
  submit(sure = false) {
    const text = this.parts.field.value;
    if (!text.trim() || !this.send(text, this.#pasted, sure)) return;
    this.#sent = [...this.#sent, text].slice(-MOST_REMEMBERED);
    this.#back = 0;
    this.#set("");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229: a key that an input method has used, in browsers that say so only in this way.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Tab") this.#complete(event);
    if (event.shiftKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && (this.#back > 0 || !this.parts.field.value)) this.#recall(event, 1);
    else if (event.key === "ArrowDown" && this.#back > 0) this.#recall(event, -1);
  }

  /** @param {KeyboardEvent} event */
  #complete(event) {
    const { field } = this.parts;
    if (field.selectionStart !== field.selectionEnd) return;
    const completed = this.completer.next(field.value, field.selectionStart, event.shiftKey ? -1 : 1);
    if (!completed) return;
    event.preventDefault();
    const pasted = this.#pasted;
    this.#set(completed.text);
    this.#pasted = pasted;
    field.setSelectionRange(completed.caret, completed.caret);
  }

  /**
   * Show the text that was sent `step` further back.
   * @param {KeyboardEvent} event
   * @param {number} step
   */
  #recall(event, step) {
    const back = Math.min(this.#sent.length, this.#back + step);
    event.preventDefault();
    if (back === this.#back) return;
    this.#set(this.#sent[this.#sent.length - back] ?? "");
    this.#back = back;
  }
}
