// Panel 7: an action on a resource, as this caller or as another user.

import { post } from "./ask.js";
import { body, el, excerpts, fill, list, word } from "./dom.js";

const TONES = { allowed: "good", denied: "bad", "no session": "odd" };
const kept = { action: "", resource: "", context: "" };

// What is being tried, for the panels that ask about it, too.
export function asked() {
  const context = Object.fromEntries(kept.context.split("\n").filter((line) => line.includes("=")).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  }));
  return { action: kept.action, resource: kept.resource, context };
}

export function showTry(decision, state) {
  const need = decision.calls.flatMap((call) => call.needs)[0];
  if (!kept.action && need) Object.assign(kept, { action: need.action, resource: need.resource });
  const result = el("div", { role: "status" });
  const field = (name, label, element, attributes) => el("label", {}, label, el(element, {
    ...attributes, name, spellcheck: "false", autocomplete: "off",
    on: { input: (event) => { kept[name] = event.target.value; } },
  }, element === "textarea" ? kept[name] : null));
  const ask = async (persona) => {
    try {
      show(result, await post("try", { number: decision.number, persona, ...asked() }));
    } catch (error) {
      fill(result, el("p", { class: "bad" }, error.message));
    }
  };
  fill(body("try"),
    el("form", { on: { submit: (event) => { event.preventDefault(); ask(""); } } },
      el("div", { class: "fields" },
        field("action", "Action", "input", { placeholder: "s3:GetObject", value: kept.action }),
        field("resource", "Resource", "input", { placeholder: "arn:aws:s3:::bucket/key", value: kept.resource }),
        field("context", "Condition keys, KEY=VALUE, a line each", "textarea", { rows: "2" })),
      el("div", { class: "row" }, el("button", {}, "Try as this caller"),
        state.personas.map((name) => el("button", { type: "button", on: { click: () => ask(name) } }, `as ${name}`)))),
    el("p", { class: "soft" }, "Judged is the session policy by itself: the role's own policies can only take away from it."),
    result);
}

function show(place, found) {
  const who = found.persona ? `${found.persona}: ` : "this caller: ";
  fill(place,
    el("p", {}, who, word(TONES[found.state], found.state), ` ${found.heading}`),
    found.statements.map((row) => el("details", { open: row.decided || row.checks[0].holds },
      el("summary", {}, `${row.place} ${row.sid}, ${row.effect}: ${row.decided ? "decides" : row.matched ? "matches" : "does not match"}`),
      list(row.checks.map((check) => [
        word(check.holds ? "good" : check.holds === null ? "odd" : "bad", check.element),
        ` wants ${check.wanted}, got ${check.got}`,
      ])),
      excerpts(row.lines, false))));
}
