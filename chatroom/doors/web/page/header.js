/** The heading above the messages: the name of the place, and its topic, which can be changed there. */

/** @import { Place } from "./places.js" */

/** @param {Place} place */
function topicOf({ kind, topic }) {
  if (kind === "room") return topic || "Set a topic";
  return kind === "private" ? "Private conversation" : "";
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
 * @property {HTMLButtonElement} cancel
 */

export class Header {
  /** @type {Place|undefined} */
  #place;

  /**
   * @param {HeaderParts} parts
   * @param {(topic: string) => boolean} setTopic called with the new topic, empty to take it away
   */
  constructor(parts, setTopic) {
    this.parts = parts;
    const { topic, form, field, cancel } = parts;
    topic.addEventListener("click", () => this.#edit());
    cancel.addEventListener("click", () => this.#done());
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#done();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text === this.#place?.topic || setTopic(text)) this.#done();
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
    field.value = this.#place?.topic ?? "";
    field.focus();
    field.select();
  }

  #done(focus = true) {
    const { topic, form } = this.parts;
    form.hidden = true;
    topic.hidden = false;
    if (focus) topic.focus();
  }
}
