/** The message field: it grows with its text, keeps a draft for each place, and recalls texts that were sent. */

const MOST_REMEMBERED = 50;

/** @typedef {{form: HTMLFormElement, field: HTMLTextAreaElement, label: HTMLElement}} ComposerParts */
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
  /** Whether the text in the field begins with something that was pasted. */
  #pasted = false;

  /**
   * @param {ComposerParts} parts
   * @param {(text: string, pasted: boolean) => boolean} send false when it could not be sent, and so stays; `pasted`
   *   says that the text begins with something that was pasted
   */
  constructor(parts, send) {
    this.parts = parts;
    this.send = send;
    /** @type {Drafts} */
    this.drafts = {};
    const { form, field } = parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
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
   * Put a text that was not sent before the draft of its place.
   * @param {string} place its key
   * @param {string} text
   */
  restore(place, text) {
    const draft = this.drafts[place];
    const restored = draft ? `${text}\n${draft}` : text;
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

  #submit() {
    const text = this.parts.field.value;
    if (!text.trim() || !this.send(text, this.#pasted)) return;
    this.#sent = [...this.#sent, text].slice(-MOST_REMEMBERED);
    this.#back = 0;
    this.#set("");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229: a key that an input method has used, in browsers that say so only in this way.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && (this.#back > 0 || !this.parts.field.value)) this.#recall(event, 1);
    else if (event.key === "ArrowDown" && this.#back > 0) this.#recall(event, -1);
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
