/** Times and days as the reader's own language and clock write them. */

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const farFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const asDate = (at) => new Date(at * 1000);

/** @param {number} at seconds since 1970, UTC, as in all of these */
export const clock = (at) => clockFormat.format(asDate(at));

/** Day and time, at full length. */
export const full = (at) => fullFormat.format(asDate(at));

/** For the `datetime` of a `time` element. */
export const machine = (at) => asDate(at).toISOString();

/** Two times of one local day have the same. */
export const dayKey = (at) => asDate(at).toDateString();

/** The day in words. */
export function day(at, now = Date.now() / 1000) {
  if (dayKey(at) === dayKey(now)) return "Today";
  const yesterday = asDate(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(at) === yesterday.toDateString()) return "Yesterday";
  return (now - at < 300 * 86400 ? dayFormat : farFormat).format(asDate(at));
}
