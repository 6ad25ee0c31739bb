/** The heading above the messages: the name of the place, and its topic, which can be changed there. */

import { Asking, OFFLINE } from "./asking.js";

/** @import { Place } from "./places.js" */

/** @param {Place} place */
function topicOf({ kind, name, topic, gone }) {
  if (kind === "room") return topic || "Set a topic";
  if (kind === "private") return gone ? `Private conversation. ${name} has left.` : "Private conversation";
  return "";
}

/**
 * The label of the message field.
 * @param {Place} place
 */
export function labelOf({ kind, name }) {
  if (kind === "nowhere") return "Join a room to talk";
  return kind === "room" ? `Message to ${name}` : `Message to ${name}, privately`;
}

/**
 * @typedef {object} HeaderParts
 * @property {HTMLElement} name
 * @property {HTMLButtonElement} topic
 * @property {HTMLFormElement} form
 * @property {HTMLInputElement} field
 * @property {HTMLElement} error
 * @property {HTMLButtonElement} cancel
 */

export class Header {
  /** @type {Place|undefined} */
  #place;

  /**
   * @param {HeaderParts} parts
   * @param {object} asks
   * @param {(topic: string) => string} asks.setTopic called with the new topic, empty to take it away; gives the ref of
   *   the request, or nothing while there is no connection
   * @param {() => void} asks.done called when the topic has been changed, or left as it is
   */
  constructor(parts, { setTopic, done }) {
    this.parts = parts;
    this.done = done;
    const { topic, form, cancel } = parts;
    topic.addEventListener("click", () => this.#edit());
    cancel.addEventListener("click", () => this.#done());
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#done();
    });
    this.asking = new Asking(parts, {
      ask: (text) => {
        if (text === this.#place?.topic) return "done";
        const ref = setTopic(text);
        return ref ? { ref } : { error: OFFLINE };
      },
      done: () => this.#done(),
    });
  }

  /** @param {Place} place */
  show(place) {
    const { name, topic, form } = this.parts;
    if (place !== this.#place && !form.hidden) this.#done(false);
    this.#place = place;
    if (name.textContent !== place.title) name.textContent = place.title;
    const said = topicOf(place);
    if (topic.textContent !== said) topic.textContent = said;
    topic.title = place.kind === "room" ? `${place.topic}\n(press to change the topic)`.trim() : "";
    topic.disabled = place.kind !== "room";
    topic.classList.toggle("none", !place.topic);
  }

  #edit() {
    const { topic, form, field } = this.parts;
    form.hidden = false;
    topic.hidden = true;
    this.asking.begin(this.#place?.topic);
    field.focus();
    field.select();
  }

  #done(focus = true) {
    const { topic, form } = this.parts;
    const done = !form.hidden;
    form.hidden = true;
    topic.hidden = false;
    if (done && focus) this.done();
  }
}
