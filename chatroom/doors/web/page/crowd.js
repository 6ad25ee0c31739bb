/** Runs of people who come and go: of a long one, the last is shown, and how many there are before it. */

import { kindOf } from "./kinds.js";

const LONG = 5; // items of a run that is folded

/** @typedef {{kind: string, seq: number}} Member an item of a timeline */
/** @typedef {{from: number, to: number, text: string}} Run the first and the last seq, and all but the last in words */

/** @type {[kind: string, words: string][]} */
const WORDS = [
  ["joined", "joined"],
  ["left", "left"],
  ["renamed", "changed their names"],
  ["kicked", "were put out"],
];

/**
 * All but the last of a run, in words.
 * @param {Member[]} run
 */
const inWords = (run) =>
  WORDS.flatMap(([kind, words]) => {
    const count = run.slice(0, -1).filter((item) => item.kind === kind).length;
    return count ? [`${count.toLocaleString()} ${words}`] : [];
  }).join(", ");

/**
 * The long runs among items.
 * @param {Member[]} items one after the other
 * @param {(seq: number) => boolean} begins whether something stands above an item, so that no run goes on there
 * @returns {Run[]}
 */
export function runsIn(items, begins) {
  /** @type {Member[][]} */
  const runs = [];
  /** @type {Member[]} */
  let now = [];
  for (const item of items) {
    const belongs = kindOf(item.kind)?.nature === "membership";
    if (!belongs || begins(item.seq)) now = [];
    if (!belongs) continue;
    if (now.length === 0) runs.push(now);
    now.push(item);
  }
  return runs.flatMap((run) => {
    const [first, last] = [run[0], run.at(-1)];
    return run.length >= LONG && first && last ? [{ from: first.seq, to: last.seq, text: inWords(run) }] : [];
  });
}
