// The chosen decision in a few lines, its event and answer, and both to copy.

import { post } from "./ask.js";
import { body, el, fill, json, list, milliseconds } from "./dom.js";

export function showDecision(decision) {
  const asked = `${decision.method} ${decision.path}`.trim();
  const from = decision.origin && decision.origin !== decision.number
    ? el("p", {}, `Answered by what the authorizer said to request ${decision.origin}: stages, token and policy below are of that one.`)
    : null;
  const silent = decision.asked ? null : el("p", {}, "The authorizer was not asked, or what it was asked is not kept any more.");
  const spent = Object.entries(decision.gateway).map(([name, value]) => `${name} ${milliseconds(value)}`).join(", ");
  fill(body("decision"),
    el("p", { class: "strong" }, `${decision.number}: `, el("span", { class: "code" }, asked), ` → ${decision.status} ${decision.outcome}, ${decision.code}`),
    from, silent,
    el("p", { class: "soft" }, `${decision.arn ?? "no route"}; ${spent}`),
    why(decision.why),
    share(decision.share),
    secrets(decision));
}

function why([first, ...rest]) {
  if (!first) return null;
  return [el("p", {}, first), rest.length ? el("details", {}, el("summary", {}, "statement by statement"), list(rest)) : null];
}

function share(shared) {
  if (!shared) return null;
  const said = el("span", { role: "status" });
  const copy = (name, text) => el("button", { type: "button", on: { click: async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = `${name} copied`;
    } catch {
      said.textContent = "not copied: select the text below";
    }
  } } }, `Copy ${name}`);
  return [
    el("div", { class: "row" }, copy("command", shared.command), copy("event", shared.event), said),
    el("details", {}, el("summary", {}, "command and event, without secrets"), el("pre", { id: "command" }, shared.command)),
  ];
}

function secrets(decision) {
  const shown = el("pre", {}, json({ event: decision.event, response: decision.response }));
  const button = el("button", { type: "button", on: { click: async () => {
    try {
      shown.textContent = json(await post("reveal", { number: decision.number }));
      button.remove();
    } catch (error) {
      shown.textContent = error.message;
    }
  } } }, "Show the secrets of this decision");
  return el("details", {}, el("summary", {}, "event and answer"), button, shown);
}
