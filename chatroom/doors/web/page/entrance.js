/** The door of the page: it asks for a nickname, and says why one will not do. */

/** @param {string} nickname @returns {string} what is wrong with it at first sight; empty when nothing is */
function faultOf(nickname) {
  if (!nickname) return "Choose a nickname first.";
  return /\s/.test(nickname) ? "A nickname has no spaces in it." : "";
}

/**
 * @typedef {object} EntranceParts
 * @property {HTMLElement} main
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLElement} error
 * @property {HTMLButtonElement} button
 * @property {HTMLElement} where
 */

export class Entrance {
  /**
   * @param {EntranceParts} parts
   * @param {(nickname: string) => void} enter
   */
  constructor(parts, enter) {
    this.parts = parts;
    const { form, field, button } = parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const nickname = field.value.trim();
      const fault = faultOf(nickname);
      if (fault) {
        this.refuse(fault);
        return;
      }
      this.say("");
      button.disabled = true;
      enter(nickname);
    });
    field.addEventListener("input", () => this.say(""));
  }

  /**
   * @param {string} nickname what to begin with
   * @param {string} room that the user would come in to; empty when that is not known
   */
  show(nickname, room) {
    const { main, field, where } = this.parts;
    if (!field.value) field.value = nickname;
    if (room) where.textContent = `Choose a nickname and come in to ${room}.`;
    main.hidden = false;
    field.focus();
  }

  hide() {
    this.parts.main.hidden = true;
    this.say("");
  }

  get shown() {
    return !this.parts.main.hidden;
  }

  /**
   * Say something beside the field.
   * @param {string} text
   */
  say(text) {
    const { field, error, button } = this.parts;
    error.textContent = text;
    button.disabled = false;
    field.removeAttribute("aria-invalid");
  }

  /**
   * Say what is wrong with the nickname in the field.
   * @param {string} text
   */
  refuse(text) {
    this.say(text);
    const { field } = this.parts;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    field.select();
  }
}
