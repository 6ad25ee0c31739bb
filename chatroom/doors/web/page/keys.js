/** Keys that are pressed anywhere: what is typed goes to the message field, and Page Up and Page Down scroll. */

/** @typedef {Pick<KeyboardEvent, "key"|"ctrlKey"|"metaKey"|"altKey"|"getModifierState">} Pressed */

/**
 * Whether a key writes something, or brings it from the clipboard. A space does not count: it presses buttons, and
 * scrolls.
 * @param {Pressed} event
 */
export function writes(event) {
  const { key, ctrlKey, metaKey, altKey } = event;
  // On some keyboards, Control and Alt together write signs.
  const plain = event.getModifierState("AltGraph") || !(ctrlKey || metaKey || altKey);
  if (!plain) return (ctrlKey || metaKey) && !altKey && key.toLowerCase() === "v";
  // A dead key, and the first key that an input method takes, write too.
  return key === "Dead" || key === "Process" || (Array.from(key).length === 1 && key !== " ");
}

/**
 * The number of pages that a key scrolls: up below 0, down above, and 0 for another key.
 * @param {Pressed & {shiftKey: boolean}} event
 */
export function pagesOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (ctrlKey || metaKey || altKey || shiftKey) return 0;
  return key === "PageUp" ? -1 : key === "PageDown" ? 1 : 0;
}

/**
 * Whether a key that is pressed there belongs to another field, or to a dialog.
 * @param {EventTarget|null} target
 */
const isElsewhere = (target) =>
  target instanceof Element && target.closest("input, textarea, select, dialog[open]") !== null;

/**
 * @param {object} parts
 * @param {HTMLElement} parts.main the part of the page in which all this holds; it may be inert
 * @param {HTMLTextAreaElement} parts.field for messages
 * @param {HTMLElement} parts.scroller
 * @param {object} asks
 * @param {() => void} asks.type has the focus in the field
 * @param {(pages: number) => void} asks.scroll
 */
export function listenToKeys({ main, field, scroller }, { type, scroll }) {
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.defaultPrevented || main.inert || main.closest("[hidden]")) return;
    if (target !== field && isElsewhere(target)) return;
    const pages = pagesOf(event);
    if (pages && target !== scroller) {
      event.preventDefault();
      scroll(pages);
      // The key goes on to the element that has the focus by then.
    } else if (target !== field && writes(event)) type();
  });
}
