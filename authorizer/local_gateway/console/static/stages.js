// Panel 2: one decision as stages; red where it stopped.

import { body, el, excerpts, fill, list, milliseconds, word } from "./dom.js";

const TONES = { passed: "good", stopped: "bad", "not reached": "soft" };

export function showStages(decision) {
  fill(body("stages"), el("ol", { class: "stages" }, decision.stages.map(stage)));
}

function stage(row) {
  const spent = row.milliseconds === null ? "" : ` ${milliseconds(row.milliseconds)}`;
  if (row.state === "not reached") return el("li", {}, el("h3", {}, `${row.stage} `, word("soft", row.state)));
  return el("li", { class: row.state },
    el("h3", {}, `${row.stage} `, word(TONES[row.state], row.state), el("span", { class: "soft" }, spent)),
    el("div", { class: "flow" },
      el("div", {}, el("span", { class: "soft" }, "in"), list(row.in)),
      el("div", {}, el("span", { class: "soft" }, "out"), list(row.out))),
    row.refusal ? el("p", { class: "bad strong" }, `${row.refusal.code}: ${row.refusal.why}`) : null,
    excerpts(row.lines, row.state === "stopped"));
}
