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

const result = el("div", { role: "status" });
const others = el("span", { class: "row" });
const fields = {};
let decision = null;

export function showTry(chosen, state) {
  decision = chosen;
  if (!fields.action) build(state.personas);
  const need = decision.calls.flatMap((call) => call.needs)[0];
  if (!kept.action && !kept.resource && need) {
    Object.assign(kept, { action: need.action, resource: need.resource });
    fields.action.value = need.action;
    fields.resource.value = need.resource;
  }
  fill(result);
}

// Built once: whoever types into it is not disturbed by the next decision.
function build(personas) {
  const field = (name, label, element, attributes) => {
    fields[name] = el(element, { ...attributes, name, spellcheck: "false", autocomplete: "off", on: { input: () => { kept[name] = fields[name].value; } } });
    return el("label", {}, label, fields[name]);
  };
  fill(others, personas.map((name) => el("button", { type: "button", on: { click: () => ask(name) } }, `as ${name}`)));
  fill(body("try"),
    el("form", { on: { submit: (event) => { event.preventDefault(); ask(""); } } },
      el("div", { class: "fields" },
        field("action", "Action", "input", { placeholder: "s3:GetObject" }),
        field("resource", "Resource", "input", { placeholder: "arn:aws:s3:::bucket/key" }),
        field("context", "Condition keys, KEY=VALUE, a line each", "textarea", { rows: "2" })),
      el("div", { class: "row" }, el("button", {}, "Try as this caller"), others)),
    el("p", { class: "soft" }, "Judged is the session policy by itself: the role's own policies can only take away from it."),
    result);
}

async function ask(persona) {
  const { number } = decision;
  try {
    const found = await post("try", { number, persona, ...asked() });
    if (number === decision.number) show(result, found);
  } catch (error) {
    fill(result, el("p", { class: "bad" }, error.message));
  }
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
