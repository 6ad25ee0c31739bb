/** The dialog in which users change their nickname, or leave. */

import { Asking, OFFLINE } from "./asking.js";

/**
 * @typedef {object} SelfParts
 * @property {HTMLButtonElement} opener
 * @property {HTMLDialogElement} dialog
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLElement} error
 * @property {HTMLButtonElement} cancel
 * @property {HTMLButtonElement} leave
 */

export class Self {
  /**
   * @param {SelfParts} parts
   * @param {object} asks
   * @param {() => string} asks.name
   * @param {(nickname: string) => string} asks.rename gives the ref of the request; empty while there is no connection
   * @param {() => void} asks.leave
   * @param {() => void} asks.closed called when the dialog is closed
   */
  constructor(parts, asks) {
    const { opener, dialog, field, cancel, leave } = parts;
    this.asking = new Asking(parts, {
      ask: (nickname) => {
        if (!nickname || nickname === asks.name()) return "done";
        const ref = asks.rename(nickname);
        return ref ? { ref } : { error: OFFLINE };
      },
      done: () => dialog.close(),
    });
    opener.addEventListener("click", () => {
      this.asking.begin(asks.name());
      dialog.showModal();
      field.select();
    });
    cancel.addEventListener("click", () => dialog.close());
    leave.addEventListener("click", () => {
      dialog.close();
      asks.leave();
    });
    dialog.addEventListener("close", () => asks.closed());
  }
}
