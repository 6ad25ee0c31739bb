/** The dialog in which users change their nickname, or leave. */

/**
 * @typedef {object} SelfParts
 * @property {HTMLButtonElement} opener
 * @property {HTMLDialogElement} dialog
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLButtonElement} cancel
 * @property {HTMLButtonElement} leave
 */

export class Self {
  /**
   * @param {SelfParts} parts
   * @param {{name: () => string, rename: (nickname: string) => void, leave: () => void}} asks
   */
  constructor({ opener, dialog, form, field, cancel, leave }, asks) {
    opener.addEventListener("click", () => {
      field.value = asks.name();
      dialog.showModal();
      field.select();
    });
    cancel.addEventListener("click", () => dialog.close());
    leave.addEventListener("click", () => {
      dialog.close();
      asks.leave();
    });
    form.addEventListener("submit", () => {
      const nickname = field.value.trim();
      if (nickname && nickname !== asks.name()) asks.rename(nickname);
    });
  }
}
