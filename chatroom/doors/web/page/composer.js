/** The field in which one types: it grows with the text, has a draft for each place, and knows what was typed last. */

const MOST_REMEMBERED = 50;

export class Composer {
  /**
   * @param {{form: HTMLFormElement, field: HTMLTextAreaElement, label: Element}} parts
   * @param {(text: string) => boolean} send false when it could not be sent, and so stays
   */
  constructor(parts, send) {
    Object.assign(this, parts);
    this.send = send;
    this.place = "";
    this.known = false;
    /** What was typed and not sent, by the key of the place. */
    this.drafts = {};
    this.typed = [];
    this.back = 0;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", () => {
      this.back = 0;
      this.#changed();
    });
  }

  /** Type to another place from now on. @param {boolean} known whether it is one */
  show(place, label, known) {
    this.label.textContent = label;
    this.field.placeholder = label;
    if (place === this.place) return;
    // What one types before it is known where one is belongs to where one comes in.
    if (!this.known && this.field.value) this.drafts[place] = this.field.value;
    this.known = known;
    this.place = place;
    this.#set(this.drafts[place] ?? "");
  }

  /** Put a text that was not sent before what is typed there. */
  restore(place, text) {
    const draft = this.drafts[place];
    this.drafts[place] = draft ? `${text}\n${draft}` : text;
    if (place === this.place) this.#set(this.drafts[place]);
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  #set(text) {
    this.field.value = text;
    this.#changed();
  }

  #changed() {
    const { value } = this.field;
    if (value) this.drafts[this.place] = value;
    else delete this.drafts[this.place];
    // For browsers that do not size a field by its content.
    this.field.rows = Math.min(8, value.split("\n").length);
  }

  #submit() {
    const text = this.field.value;
    if (!text.trim() || !this.send(text)) return;
    this.typed = [...this.typed, text].slice(-MOST_REMEMBERED);
    this.back = 0;
    this.#set("");
  }

  #key(event) {
    // 229: a key that an input method has used, in browsers that say so only in this way.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && (this.back > 0 || !this.field.value)) this.#recall(event, 1);
    else if (event.key === "ArrowDown" && this.back > 0) this.#recall(event, -1);
  }

  /** Show what was typed `step` further back. */
  #recall(event, step) {
    const back = Math.min(this.typed.length, this.back + step);
    event.preventDefault();
    if (back === this.back) return;
    this.#set(this.typed[this.typed.length - back] ?? "");
    this.back = back;
  }
}
