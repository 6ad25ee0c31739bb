/** How the connection is, and the title of the page, which counts what is unread. */

const OFFLINE = "Offline. What you type is kept.";
const ONLINE = "Connected again.";
const GHOST = "Your nickname is still taken, perhaps by the connection that was lost.";

export class Status {
  /**
   * @param {Object<string, HTMLElement>} parts
   * @param {(text: string) => void} say has a screen reader say something
   */
  constructor(parts, say) {
    Object.assign(this, parts);
    this.say = say;
    this.retryAt = 0;
    setInterval(() => this.#count(), 500);
  }

  /**
   * @param {"in"|"connecting"|"waiting"|"closed"} state
   * @param {number} retryAt when it is tried again, in milliseconds since 1970
   * @param {boolean} ghost whether one's nickname is taken, and the lost connection still has it, perhaps
   */
  show(state, retryAt, ghost = false) {
    this.retryAt = state === "waiting" ? retryAt : 0;
    this.banner.hidden = state === "in" || state === "closed";
    const lost = state === "waiting" || this.text.textContent !== "";
    const text = this.banner.hidden || !lost ? "" : ghost ? GHOST : OFFLINE;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
      // Once, and not with each try.
      if (text || state === "in") this.say(text || ONLINE);
    }
    this.rename.hidden = !ghost;
    this.now.disabled = state === "connecting";
    this.#count();
  }

  #count() {
    if (this.banner.hidden) return;
    const seconds = Math.max(0, Math.ceil((this.retryAt - Date.now()) / 1000));
    const text = this.retryAt ? `Trying again in ${seconds} s.` : "Connecting\u2026";
    if (this.count.textContent !== text) this.count.textContent = text;
  }

  /** @param {import("./store.js").Store} store */
  title(store) {
    const places = [...store.rooms.values(), ...store.privates.values()];
    const unread = places.reduce((sum, place) => sum + place.unread, 0);
    const where = store.view.name ? `${store.view.name} \u00b7 chatroom` : "chatroom";
    const title = unread ? `(${unread}) ${where}` : where;
    if (document.title !== title) document.title = title;
  }
}
