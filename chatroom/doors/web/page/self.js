/** The dialog in which one changes one's nickname, or leaves. */

export class Self {
  /**
   * @param {Object<string, HTMLElement>} parts
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
