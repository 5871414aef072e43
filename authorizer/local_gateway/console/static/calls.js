// Panel 8: AWS calls that the backend made with these credentials.

import { body, el, fill, list, table, word } from "./dom.js";

export function showCalls(decision) {
  if (!decision.calls.length) return fill(body("calls"), "The backend asked AWS for nothing.");
  fill(body("calls"), table("AWS calls", ["call", "verdict", "needs", "why"], decision.calls.map((call) => [
    [el("span", { class: "code" }, `${call.service}:${call.operation}`), el("div", { class: "soft" }, call.who)],
    call.refused ? word("bad", `${call.status} ${call.refused}`) : word("good", `${call.status} allowed`),
    list(call.needs.map((need) => [word(need.allowed ? "good" : "bad", need.action), ` ${need.resource}`])),
    [call.why[0] ?? "–", el("details", {}, el("summary", {}, "statement by statement"), list(call.why.slice(1)))],
  ])));
}
