/** Building the page from nodes: the only way in which anything that somebody typed gets into it is as text. */

/** The part of the page with this id. */
export const part = (id) => document.getElementById(id);

/** Several parts by the names that somebody has for them: `parts({ list: "people-list" })`. */
export const parts = (ids) => Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, part(id)]));

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, string|number|boolean|undefined>} attributes false and undefined leave one out, true sets it
 * @param {...(Node|string)} children strings become text
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** Text that only a screen reader says. */
export const unseen = (text) => element("span", { class: "unseen" }, text);

const kept = new WeakMap();

/**
 * Have `list` hold one child for each key, in this order. A child stays as long as its key does, so that the focus
 * stays where it is.
 * @param {Element} list
 * @param {string[]} keys each once
 * @param {(key: string) => Element} make
 * @param {(child: Element, key: string) => void} update called for every child
 */
export function sync(list, keys, make, update) {
  const before = kept.get(list) ?? new Map();
  const after = new Map(keys.map((key) => [key, before.get(key) ?? make(key)]));
  kept.set(list, after);
  for (const [key, child] of before) if (!after.has(key)) child.remove();
  let place = list.firstElementChild;
  for (const [key, child] of after) {
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
    update(child, key);
  }
}
