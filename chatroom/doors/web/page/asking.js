/**
 * A form with one field, whose text the server may refuse. The reason then stands beside the field, and the text stays.
 */

/** @import { Message } from "./wire.js" */

/** The reason why nothing can be asked for. */
export const OFFLINE = "You\u2019re offline: try again when the page is connected.";

/**
 * @typedef {object} AskingParts
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLElement} error
 */

export class Asking {
  /** The ref of the request whose answer is waited for; empty for none. */
  #ref = "";

  /**
   * @param {AskingParts} parts
   * @param {object} asks
   * @param {(text: string) => {ref: string}|{error: string}|"done"} asks.ask makes the request, or gives the reason why
   *   it makes none
   * @param {() => void} asks.done called when the text will do
   */
  constructor(parts, { ask, done }) {
    this.parts = parts;
    this.done = done;
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say("");
      const asked = ask(parts.field.value.trim());
      if (asked === "done") this.#finish();
      else if ("ref" in asked) this.#ref = asked.ref;
      else this.refuse(asked.error);
    });
    parts.field.addEventListener("input", () => this.say(""));
  }

  /**
   * Take notice of a message, which may be the answer.
   * @param {Message} message
   */
  answered({ kind, ref }) {
    if (this.#ref && ref === this.#ref && kind !== "error") this.#finish();
  }

  /**
   * @param {Message & {kind: "error"}} error
   * @returns {boolean} whether it stands beside the field now
   */
  refused({ code, text, ref }) {
    // A server that is about to go has not said no: the next one is asked again.
    if (!this.#ref || ref !== this.#ref || code === "stopping") return false;
    this.#ref = "";
    this.refuse(text);
    return true;
  }

  /** Begin anew, with this text. @param {string} text */
  begin(text = "") {
    this.#ref = "";
    this.parts.field.value = text;
    this.say("");
  }

  #finish() {
    this.begin();
    this.done();
  }

  /**
   * Say something beside the field.
   * @param {string} text
   */
  say(text) {
    this.parts.error.textContent = text;
    this.parts.field.removeAttribute("aria-invalid");
  }

  /**
   * Say what is wrong with the text in the field.
   * @param {string} text
   */
  refuse(text) {
    this.say(text);
    this.parts.field.setAttribute("aria-invalid", "true");
    this.parts.field.focus();
  }
}
