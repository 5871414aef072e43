// Panel 4: every way to a role, in order, and why the others lost.

import { body, el, excerpts, fill, list, word } from "./dom.js";

const TONES = { decides: "good", refused: "bad", several: "odd", "too late": "soft", nothing: "soft" };

export function showRole(decision) {
  const role = decision.role;
  if (!role) return fill(body("role"), "Nobody was verified, so no role was looked for.");
  fill(body("role"),
    role.role
      ? el("p", {}, word("good", role.role), ` by ${role.rule}; `, el("span", { class: "code" }, role.arn))
      : el("p", { class: "bad strong" }, role.refusal ?? "no role"),
    el("ol", {}, role.ways.map((way) => el("li", {},
      el("span", { class: "strong" }, way.way), " ", word(TONES[way.state], way.state), way.role ? ` ${way.role}` : "", el("span", { class: "soft" }, ` ${way.why}`),
      way.candidates.length
        ? list(way.candidates.map((each) => [`${each.what}${each.role ? ` → ${each.role}` : ""}: ${each.why}`, excerpts(each.lines, false)]))
        : null))));
}
