/**
 * What was said and has not come back yet. Everybody is shown everything that is kept, the speaker too: what has not
 * come back when a lost connection is mended, and all that was missed is here, was not kept, and is handed back.
 */
export class Outgoing {
  #lines = [];

  /** @param {string} place the key of where it was said */
  sent(place, text) {
    this.#lines.push({ place, text, lost: false });
  }

  /** Something of one's own has come back: it, or the first that waits there, if the server changed its text. */
  echoed(place, text) {
    const same = this.#lines.findIndex((line) => line.place === place && line.text === text);
    const index = same >= 0 ? same : this.#lines.findIndex((line) => line.place === place);
    if (index >= 0) this.#lines.splice(index, 1);
  }

  /**
   * One was refused: the first that waits, in a place whose key begins with `prefix`.
   * @returns {{place: string, text: string}|undefined}
   */
  refused(prefix) {
    const index = this.#lines.findIndex((line) => line.place.startsWith(prefix));
    return index >= 0 ? this.#lines.splice(index, 1)[0] : undefined;
  }

  /** The connection is lost, and what waits was sent over it. */
  lost() {
    for (const line of this.#lines) line.lost = true;
  }

  /** Those that were sent over a lost connection and have not come back. @returns {Map<string, string>} by place */
  takeBack() {
    const texts = new Map();
    for (const { place, text, lost } of this.#lines) {
      if (lost) texts.set(place, texts.has(place) ? `${texts.get(place)}\n${text}` : text);
    }
    this.#lines = this.#lines.filter(({ lost }) => !lost);
    return texts;
  }
}
