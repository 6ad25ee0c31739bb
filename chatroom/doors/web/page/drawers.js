/**
 * The parts at the sides: always there on a wide screen, over the messages on a narrow one, and one at a time. Escape
 * closes what is open, and the focus goes back to what opened it, or to where somebody typed that it should open.
 */

const narrow = matchMedia("(max-width: 760px)");
const middling = matchMedia("(max-width: 1040px)");

/** @typedef {{side: HTMLElement, opener: HTMLElement, closer: HTMLElement, first?: HTMLElement}} Drawer */

export class Drawers {
  /**
   * @param {{rooms: Drawer, people: Drawer, search: Drawer}} drawers
   * @param {{main: HTMLElement, shade: HTMLElement}} parts
   */
  constructor(drawers, { main, shade }) {
    this.drawers = drawers;
    this.main = main;
    this.shade = shade;
    /** What one has opened; empty when nothing. */
    this.open = "";
    /** Whether the people are shown beside the messages, where there is room for them. */
    this.peopleBeside = true;
    for (const [name, { opener, closer }] of Object.entries(drawers)) {
      opener.addEventListener("click", () => this.toggle(name));
      closer.addEventListener("click", () => this.#shut(name));
    }
    shade.addEventListener("click", () => this.close());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.open && !document.querySelector("dialog[open]")) this.close();
    });
    for (const query of [narrow, middling]) query.addEventListener("change", () => this.#arrange());
    this.#arrange();
  }

  toggle(name) {
    if (name === "people" && !middling.matches && this.open !== "search") {
      this.peopleBeside = !this.peopleBeside;
      this.#arrange();
    } else if (this.open === name) this.close();
    else this.show(name);
  }

  /** @param {HTMLElement} from what the focus goes back to */
  show(name, from = this.drawers[name].opener) {
    this.from = from;
    const beside = name === "people" && !middling.matches;
    if (beside) this.peopleBeside = true;
    this.open = beside ? "" : name;
    this.#arrange();
    const { first, side } = this.drawers[name];
    (first ?? side.querySelector(".go, button"))?.focus();
  }

  /** Close what is open. @param {boolean} back whether the focus goes to what opened it */
  close(back = true) {
    const { open } = this;
    if (!open) return;
    this.open = "";
    this.#arrange();
    if (back) this.from.focus();
  }

  /** Close what covers the messages, if anything does. */
  uncover() {
    if (this.covers) this.close(false);
  }

  #shut(name) {
    if (this.open === name) this.close();
    else if (name === "people") {
      this.peopleBeside = false;
      this.#arrange();
      this.drawers.people.opener.focus();
    }
  }

  /** Whether what is open covers the messages. */
  get covers() {
    return this.open !== "" && (this.open === "rooms" ? narrow.matches : middling.matches);
  }

  #arrange() {
    const shown = {
      rooms: !narrow.matches || this.open === "rooms",
      people: this.open === "people" || (this.peopleBeside && !middling.matches && this.open !== "search"),
      search: this.open === "search",
    };
    const covers = this.covers;
    for (const [name, { side, opener }] of Object.entries(this.drawers)) {
      side.hidden = !shown[name];
      side.inert = covers && this.open !== name;
      opener.setAttribute("aria-expanded", String(shown[name]));
    }
    this.main.inert = covers;
    this.shade.hidden = !covers;
  }
}
