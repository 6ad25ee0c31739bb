/** Building the page from nodes: the only way in which anything that somebody typed gets into it is as text. */

/**
 * @overload
 * @param {string} id
 * @returns {HTMLElement}
 */
/**
 * @template {HTMLElement} T
 * @overload
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
/**
 * The part of the page with this id, which must be an element of this type.
 * @param {string} id
 * @param {new () => HTMLElement} type
 */
export function part(id, type = HTMLElement) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`index.html has no ${type.name} with the id ${id}`);
  return found;
}

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string|number|boolean>} attributes true sets an attribute, false leaves it out
 * @param {...(Node|string)} children strings become text
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Text that only a screen reader says.
 * @param {string} text
 */
export const unseen = (text) => element("span", { class: "unseen" }, text);

/**
 * A list with one row for each key. A row stays as long as its key does, so that the focus stays where it is.
 * @template {{row: HTMLElement}} T a row, and the parts of it that change
 */
export class KeyedList {
  /** @type {Map<string, T>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} list
   * @param {(key: string) => T} make makes the row of a new key
   */
  constructor(list, make) {
    this.list = list;
    this.make = make;
  }

  /**
   * Have a row for each of `keys`, in this order.
   * @param {string[]} keys each once
   * @param {(made: T, key: string) => void} update called for every row
   */
  show(keys, update) {
    const before = this.#rows;
    this.#rows = new Map(keys.map((key) => [key, before.get(key) ?? this.make(key)]));
    for (const [key, { row }] of before) if (!this.#rows.has(key)) row.remove();
    let place = this.list.firstElementChild;
    for (const [key, made] of this.#rows) {
      if (made.row === place) place = place.nextElementSibling;
      else this.list.insertBefore(made.row, place);
      update(made, key);
    }
  }
}
