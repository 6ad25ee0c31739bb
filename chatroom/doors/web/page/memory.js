/**
 * What the page remembers: for this tab, who one is, where, and up to which event, so that a reload goes on where
 * it was; for the next visit, the nickname and the rooms. It stays in the browser.
 */

const KEY = "chatroom";

/** A browser can be told to keep nothing; then each visit is the first. */
function read(storage) {
  try {
    return JSON.parse(globalThis[storage].getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

function write(storage, value) {
  try {
    globalThis[storage].setItem(KEY, JSON.stringify(value));
  } catch {
    // Full, or not allowed: the page goes on without.
  }
}

/**
 * What this tab was in when it was last loaded.
 * @returns {{nickname?: string, lastId?: number, places?: object[], drafts?: Object<string, string>}}
 */
export const ofThisTab = () => read("sessionStorage");
export const keepForThisTab = (value) => write("sessionStorage", value);

/** @returns {{nickname?: string, rooms?: string[]}} */
export const ofLastVisit = () => read("localStorage");
export const keepForNextVisit = (value) => write("localStorage", value);
