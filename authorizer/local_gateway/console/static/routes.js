// Panel 5: the routes of this API for this caller.

import { body, el, excerpts, fill, list, table, word } from "./dom.js";

export function showRoutes(decision) {
  const routes = decision.routes;
  if (!routes) return fill(body("routes"), "Nobody was resolved, so that no route can be told open or closed.");
  fill(body("routes"), table("Routes", ["route", "for this caller", "by"], routes.map((row) => [
    [el("span", { class: "code" }, row.route), row.example === row.route ? null : el("div", { class: "soft" }, `for example ${row.example}`)],
    [word(row.state === "closed" ? "bad" : "good", row.state), el("div", { class: "soft" }, row.why)],
    row.scopes.length ? [list(row.scopes), excerpts(row.lines, false)] : "–",
  ])));
}
