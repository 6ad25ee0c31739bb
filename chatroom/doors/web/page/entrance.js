/** The door of the page: it asks for a nickname, and says why one will not do. */

export class Entrance {
  /**
   * @param {Object<string, HTMLElement>} parts
   * @param {(nickname: string) => void} enter
   */
  constructor(parts, enter) {
    Object.assign(this, parts);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const nickname = this.field.value.trim();
      const fault = nickname ? /\s/.test(nickname) && "A nickname has no spaces in it." : "Choose a nickname first.";
      if (fault) {
        this.refuse(fault);
        return;
      }
      this.say("");
      this.button.disabled = true;
      enter(nickname);
    });
    this.field.addEventListener("input", () => this.say(""));
  }

  /** @param {string} nickname what to begin with @param {string} room where one would come in, if that is known */
  show(nickname, room) {
    if (!this.field.value) this.field.value = nickname;
    if (room) this.where.textContent = `Choose a nickname and come in to ${room}.`;
    this.main.hidden = false;
    this.field.focus();
  }

  hide() {
    this.main.hidden = true;
    this.say("");
  }

  get shown() {
    return !this.main.hidden;
  }

  /** Say something beside the field. */
  say(text) {
    this.error.textContent = text;
    this.button.disabled = false;
    this.field.removeAttribute("aria-invalid");
  }

  /** Say what is wrong with what is in the field. */
  refuse(text) {
    this.say(text);
    this.field.setAttribute("aria-invalid", "true");
    this.field.focus();
    this.field.select();
  }
}
