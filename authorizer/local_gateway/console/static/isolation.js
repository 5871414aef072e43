// Panel 11: what is proven of each policy, and of a leak its two users.

import { get } from "./ask.js";
import { body, el, fill, json, list, word } from "./dom.js";

const TONES = { PROVEN: "good", LEAK: "bad", UNKNOWN: "odd", "NOT CLAIMED": "soft" };

export async function showIsolation() {
  const again = el("button", { type: "button", on: { click: showIsolation } }, "Prove what is served now");
  fill(body("isolation"), el("p", {}, "proving …"));
  try {
    const { proofs } = await get("isolation");
    fill(body("isolation"), again, el("ul", {}, proofs.map(row)));
  } catch (error) {
    fill(body("isolation"), again, el("p", { class: "bad" }, error.message));
  }
}

const row = (proof) => el("li", {},
  word(TONES[proof.verdict], proof.told), ` ${proof.subject}`,
  el("span", { class: "soft" }, ` isolates ${[...new Set(Object.values(proof.isolates).flat())].join(", ") || "nothing"}`),
  proof.findings.map(finding));

const finding = (each) => el("details", { open: true },
  el("summary", {}, `${each.reason} (${each.statements.join(" and ")})`),
  each.witness
    ? list(each.witness.map((user) => `a user with ${json(user.claims)}${user.scopes.length ? ` and ${user.scopes.join(", ")}` : ""} ${user.allowed ? "may" : "may not"} ${user.action} on ${user.resource}`))
    : null);
