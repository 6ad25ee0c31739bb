/** Times and days as the reader's own language and clock write them. Every time is in seconds since 1970, UTC. */

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const farFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const FAR = 300 * 86_400; // seconds after which a day is shown with its year

/** @param {number} at */
const asDate = (at) => new Date(at * 1000);

/**
 * The time of day.
 * @param {number} at
 */
export const clock = (at) => clockFormat.format(asDate(at));

/**
 * Day and time, at full length.
 * @param {number} at
 */
export const full = (at) => fullFormat.format(asDate(at));

/**
 * For the `datetime` of a `time` element.
 * @param {number} at
 */
export const machine = (at) => asDate(at).toISOString();

/**
 * A key that two times of one local day share.
 * @param {number} at
 */
export const dayKey = (at) => asDate(at).toDateString();

/**
 * The day in words.
 * @param {number} at
 */
export function day(at, now = Date.now() / 1000) {
  if (dayKey(at) === dayKey(now)) return "Today";
  const yesterday = asDate(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(at) === yesterday.toDateString()) return "Yesterday";
  return (now - at < FAR ? dayFormat : farFormat).format(asDate(at));
}
