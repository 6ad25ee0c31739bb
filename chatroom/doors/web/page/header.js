/** What stands above the messages: where one is, and its topic, which can be changed there. */

const LABELS = {
  room: (name) => `Message to ${name}`,
  private: (name) => `Message to ${name}, privately`,
  nowhere: () => "Join a room to talk",
};

/** What to call the field in which one types to a place. */
export const labelOf = (place) => LABELS[place.kind](place.name);

export class Header {
  /**
   * @param {Object<string, HTMLElement>} parts
   * @param {(topic: string) => boolean} setTopic called with the new topic, empty to take it away
   */
  constructor(parts, setTopic) {
    Object.assign(this, parts);
    this.topic.addEventListener("click", () => this.#edit());
    this.cancel.addEventListener("click", () => this.#done());
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#done();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (text === this.place.topic || setTopic(text)) this.#done();
    });
  }

  show(place) {
    if (place !== this.place && !this.form.hidden) this.#done(false);
    this.place = place;
    if (this.name.textContent !== place.title) this.name.textContent = place.title;
    const said = { room: place.topic || "Set a topic", private: "Private conversation", nowhere: "" }[place.kind];
    if (this.topic.textContent !== said) this.topic.textContent = said;
    this.topic.title = place.kind === "room" ? `${place.topic}\n(press to change the topic)`.trim() : "";
    this.topic.disabled = place.kind !== "room";
    this.topic.classList.toggle("none", !place.topic);
  }

  #edit() {
    this.form.hidden = false;
    this.topic.hidden = true;
    this.field.value = this.place.topic;
    this.field.focus();
    this.field.select();
  }

  #done(focus = true) {
    this.form.hidden = true;
    this.topic.hidden = false;
    if (focus) this.topic.focus();
  }
}
