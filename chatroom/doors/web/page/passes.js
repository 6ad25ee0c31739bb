/**
 * Passes: what lets somebody in to a closed server. The link of an invitation brings one along (`#invite=CODE`), and a
 * field on the entrance takes the password of the server, or a code. It shows when the server asks for one.
 *
 * The code goes from the address at once, so that nobody is shown it and no bookmark keeps it.
 */

/** The errors that a password or an invitation would mend. */
const WANTED = new Set(["server-closed", "invitation-refused", "wrong-password"]);

/**
 * The code in an address; empty for none.
 * @param {{hash: string}} address
 */
export const codeIn = ({ hash }) => new URLSearchParams(hash.slice(1)).get("invite") ?? "";

export class Passes {
  #invitation = "";

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.part
   * @param {HTMLInputElement} parts.field
   */
  constructor(parts) {
    this.parts = parts;
    this.#take();
    addEventListener("hashchange", () => this.#take());
  }

  #take() {
    const code = codeIn(location);
    if (!code) return;
    this.#invitation = code;
    history.replaceState(history.state, "", location.pathname + location.search);
  }

  /** Whether the page was opened by the link of an invitation that is not used yet. */
  get invited() {
    return this.#invitation !== "";
  }

  /** @returns {string[]} the words that go into the answer to NICK */
  words() {
    const words = [];
    if (this.#invitation) words.push(`invite=${encodeURIComponent(this.#invitation)}`);
    // It stays until the page is closed: a server that was started anew asks for it once more.
    if (this.parts.field.value) words.push(`password=${encodeURIComponent(this.parts.field.value)}`);
    return words;
  }

  /** The user is in: an invitation is for once. */
  used() {
    this.#invitation = "";
  }

  /**
   * The server does not let the user in.
   * @param {string} code of the error
   */
  refused(code) {
    if (!WANTED.has(code)) return;
    this.#invitation = "";
    const { part, field } = this.parts;
    part.hidden = false;
    field.value = "";
    field.focus();
  }
}
