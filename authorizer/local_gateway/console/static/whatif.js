// Panel 10: other texts of templates or of the settings: the verdict and the difference, and a case to keep.

import { get, post } from "./ask.js";
import { body, el, fill, list, table, word } from "./dom.js";
import { asked } from "./try.js";

const WAIT = 400;
const TONES = { "NO WIDER": "good", WIDER: "bad", UNKNOWN: "odd" };
const texts = { original: {}, changed: {}, name: "access.toml" };
let decision = null;
let waiting = null;
let built = false;
let asking = 0;
const parts = {};

export async function showWhatIf(chosen) {
  decision = chosen;
  if (!built) {
    built = true;
    texts.original = (await get("texts")).texts;
    build();
  }
  later();
}

function build() {
  parts.choice = el("select", { on: { change: () => { texts.name = parts.choice.value; write(); } } },
    Object.keys(texts.original).map((name) => el("option", { value: name }, name)));
  parts.area = el("textarea", { rows: "14", spellcheck: "false", on: { input: typed } });
  parts.result = el("div", { role: "status" });
  parts.kept = el("div", { role: "status" });
  parts.name = el("input", { placeholder: "seen-on-the-console", autocomplete: "off" });
  parts.title = el("input", { placeholder: "what it shows", autocomplete: "off" });
  fill(body("whatif"),
    el("div", { class: "row" }, el("label", {}, "File ", parts.choice),
      el("button", { type: "button", on: { click: undo } }, "Undo all changes")),
    el("label", {}, "Text, for this page alone", parts.area),
    parts.result,
    el("h3", {}, "Keep as a case"),
    el("form", { on: { submit: (event) => { event.preventDefault(); keep(false); } } },
      el("div", { class: "fields" }, el("label", {}, "File in policies/cases/, without .toml", parts.name), el("label", {}, "Name", parts.title)),
      el("div", { class: "row" }, el("button", {}, "Keep"))),
    parts.kept);
  write();
}

function write() {
  parts.area.value = texts.changed[texts.name] ?? texts.original[texts.name];
}

function typed() {
  if (parts.area.value === texts.original[texts.name]) delete texts.changed[texts.name];
  else texts.changed[texts.name] = parts.area.value;
  later();
}

async function undo() {
  texts.original = (await get("texts")).texts;
  texts.changed = {};
  write();
  later();
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(look, WAIT);
}

async function look() {
  if (!Object.keys(texts.changed).length || !decision) {
    return fill(parts.result, el("p", { class: "soft" }, decision ? "Change a text to see what becomes of this decision." : "Choose a request, then change a text."));
  }
  asking += 1;
  const mine = asking;
  try {
    const found = await post("whatif", { number: decision.number, texts: texts.changed, ...asked() });
    if (mine === asking) show(found);
  } catch (error) {
    if (mine === asking) fill(parts.result, el("p", { class: "bad" }, error.message));
  }
}

function show(found) {
  if (found.problems.length) return fill(parts.result, el("p", {}, word("bad", "it does not load")), list(found.problems));
  fill(parts.result, verdict(found.verdict), difference(found.diff));
}

const LINES = [
  ["outcome", (side) => word(side.outcome === "allow" ? "good" : "bad", `${side.outcome}, ${side.code}`)],
  ["why", (side) => side.why || "–"],
  ["role", (side) => side.role ?? "–"],
  ["scopes", (side) => side.scopes.join(", ") || "–"],
  ["characters", (side) => (side.policy ? String(side.policy.characters) : "–")],
  ["what is tried", (side) => (side.tried ? word(side.tried.state === "allowed" ? "good" : "bad", side.tried.state) : "–")],
];

function verdict(found) {
  if (!found) return el("p", { class: "soft" }, "The authorizer was not asked about this request.");
  return table("What it would have been", ["", "was", "would be"], LINES.map(([name, told]) => [name, told(found.before), told(found.after)]));
}

function difference(diff) {
  const lost = diff.policies.flatMap((each) => each.lost.map((change) => `${each.role} loses ${said(change)}`));
  const gained = diff.policies.flatMap((each) => each.gained.map((change) => `${each.role} gains ${said(change)}`));
  const authority = diff.authority.map((shift) => `${shift.direction}: ${shift.whom}, ${shift.aspect}: ${shift.what}`);
  return [el("p", {}, "policy diff: ", word(TONES[diff.verdict], diff.verdict)), list([...gained, ...authority, ...lost])];
}

const said = (change) => `${change.action} on ${change.resource}${change.conditions.length ? ` if ${change.conditions.join(" and ")}` : ""}`;

async function keep(replace) {
  if (!decision) return fill(parts.kept, el("p", {}, "Choose a request first."));
  try {
    const kept = await post("keep", { number: decision.number, name: parts.name.value, title: parts.title.value, replace, texts: texts.changed, ...asked() });
    fill(parts.kept, el("p", {}, word("good", "kept"), ` ${kept.file}; by what is served now:`), list(kept.now), el("pre", {}, kept.text));
  } catch (error) {
    const again = error.status === 409 ? el("button", { type: "button", on: { click: () => keep(true) } }, "Replace it") : null;
    fill(parts.kept, el("p", { class: "bad" }, error.message), again);
  }
}
