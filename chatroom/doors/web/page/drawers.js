/**
 * The drawers at the sides: always there on a wide screen, over the messages on a narrow one, and one at a time. Escape
 * closes the open one. The focus then goes back to the element that opened it, or to the field where its command was
 * typed.
 */

const narrow = matchMedia("(max-width: 47.5em)");
const middling = matchMedia("(max-width: 65em)");

/** @typedef {"rooms"|"people"|"search"} DrawerName */
/** @typedef {{side: HTMLElement, opener: HTMLElement, closer: HTMLElement, first?: HTMLElement}} Drawer */

/** @type {DrawerName[]} */
const NAMES = ["rooms", "people", "search"];

export class Drawers {
  /**
   * The drawer that was opened; empty when none is.
   * @type {DrawerName|""}
   */
  #open = "";
  /** Whether the people are shown beside the messages, where there is room for them. */
  #peopleBeside = true;
  /**
   * The element that the focus goes back to.
   * @type {HTMLElement|undefined}
   */
  #from;

  /**
   * @param {Record<DrawerName, Drawer>} drawers
   * @param {{main: HTMLElement, shade: HTMLElement}} parts
   */
  constructor(drawers, { main, shade }) {
    this.drawers = drawers;
    this.main = main;
    this.shade = shade;
    for (const name of NAMES) {
      const { opener, closer } = drawers[name];
      opener.addEventListener("click", () => this.#toggle(name));
      closer.addEventListener("click", () => this.#shut(name));
    }
    shade.addEventListener("click", () => this.#close());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#open && !document.querySelector("dialog[open]")) this.#close();
    });
    for (const query of [narrow, middling]) query.addEventListener("change", () => this.#arrange());
    this.#arrange();
  }

  /**
   * @param {DrawerName} name
   * @param {HTMLElement} from the element that the focus goes back to
   */
  show(name, from = this.drawers[name].opener) {
    this.#from = from;
    const beside = name === "people" && !middling.matches;
    if (beside) this.#peopleBeside = true;
    this.#open = beside ? "" : name;
    this.#arrange();
    const { first, side } = this.drawers[name];
    (first ?? side.querySelector("button"))?.focus();
  }

  /** Close what covers the messages, if anything does. */
  uncover() {
    if (this.covers) this.#close(false);
  }

  /** Whether what is open covers the messages. */
  get covers() {
    return this.#open !== "" && (this.#open === "rooms" ? narrow.matches : middling.matches);
  }

  /** @param {DrawerName} name */
  #toggle(name) {
    if (name === "people" && !middling.matches && this.#open !== "search") {
      this.#peopleBeside = !this.#peopleBeside;
      this.#arrange();
    } else if (this.#open === name) this.#close();
    else this.show(name);
  }

  /** Close what is open. @param {boolean} back whether the focus goes to what opened it */
  #close(back = true) {
    if (!this.#open) return;
    this.#open = "";
    this.#arrange();
    if (back) this.#from?.focus();
  }

  /** @param {DrawerName} name */
  #shut(name) {
    if (this.#open === name) this.#close();
    else if (name === "people") {
      this.#peopleBeside = false;
      this.#arrange();
      this.drawers.people.opener.focus();
    }
  }

  #arrange() {
    const shown = {
      rooms: !narrow.matches || this.#open === "rooms",
      people: this.#open === "people" || (this.#peopleBeside && !middling.matches && this.#open !== "search"),
      search: this.#open === "search",
    };
    const { covers } = this;
    for (const name of NAMES) {
      const { side, opener } = this.drawers[name];
      side.hidden = !shown[name];
      side.inert = covers && this.#open !== name;
      opener.setAttribute("aria-expanded", String(shown[name]));
    }
    this.main.inert = covers;
    this.shade.hidden = !covers;
  }
}
