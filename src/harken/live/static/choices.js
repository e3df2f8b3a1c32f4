/** What is settled before a session: the model, where the device is worn, how it sits there. */

import { element, say } from "./screen.js";
import { readable } from "./words.js";

/** @param {{models: object[], default: string}} about as the service tells it */
export function offerChoices(about) {
  const models = about.models.filter(({ stream }) => stream);
  const select = element("model");
  select.replaceChildren(...models.map(({ name }) => new Option(name)));
  select.value = about.default;
  const follow = () => {
    const { placements, description } = models.find(({ name }) => name === select.value);
    element("placement").replaceChildren(...placements.map((p) => new Option(readable(p), p)));
    say("model-hint", description);
    const [only, ...others] = placements.map(readable);
    const hint = `This model knows phones at the ${only}: on the belt, or in a snug pocket there.`;
    say("placement-hint", others.length ? "" : hint);
  };
  select.addEventListener("change", follow);
  follow();
}

/**
 * @typedef {object} Chosen
 * @property {string} model
 * @property {string | null} withoutGyroscope a model for devices that have none
 * @property {string} placement
 * @property {string} mounting
 * @property {boolean} sounds whether the device beeps for its wearer
 */

/** @returns {Chosen} */
export function choices(about) {
  const without = about.models.find(({ reads_gyroscope }) => reads_gyroscope === false);
  return {
    model: element("model").value,
    withoutGyroscope: without?.name ?? null,
    placement: element("placement").value,
    mounting: element("mounting").value,
    sounds: element("sounds").checked,
  };
}
