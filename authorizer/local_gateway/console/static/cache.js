// Panel 9: the authorizer cache, and what would be answered without it.

import { get, post } from "./ask.js";
import { body, el, fill, list, seconds, table, word } from "./dom.js";

const TONES = { allowed: "good", denied: "bad", "no answer": "odd" };
const anew = el("div", { role: "status" });

export const forgetCache = () => fill(anew);

let asked = 0;

// What was asked last is shown, in whatever order answers come.
async function answered(ask, decision) {
  asked += 1;
  const mine = asked;
  const cache = await ask();
  if (mine === asked) show(cache, decision);
}

export const showCache = (decision) => answered(() => get("cache"), decision);

function show(cache, decision) {
  const flush = el("button", { type: "button", on: { click: () => answered(() => post("flush"), decision) } }, "Flush");
  const refresh = el("button", { type: "button", on: { click: () => showCache(decision) } }, "Refresh");
  const without = el("button", { type: "button", disabled: !decision, on: { click: async () => {
    try {
      const found = await post("uncached", { number: decision.number });
      fill(anew, el("p", {}, `without the cache, request ${decision.number}: `, word(TONES[found.state], found.state), ` ${found.code}`), list(found.why));
    } catch (error) {
      fill(anew, el("p", { class: "bad" }, error.message));
    }
  } } }, decision ? `Ask the authorizer anew for request ${decision.number}` : "Ask the authorizer anew");
  fill(body("cache"),
    el("div", { class: "row" }, `${cache.count} ${cache.count === 1 ? "entry" : "entries"}`, flush, refresh, without),
    anew,
    cache.entries.length
      ? table("Cache entries", ["authorizer", "key, hashed", "whose", "age", "left", "made by"], cache.entries.map((row) => [
        row.authorizer,
        el("span", { class: "code" }, `${row.key} of ${row.sources} ${row.sources === 1 ? "source" : "sources"}`),
        row.persona ?? row.principal,
        seconds(row.age), seconds(row.left),
        row.number === null ? "–" : `request ${row.number}`,
      ]))
      : el("p", { class: "soft" }, "Nothing is cached."));
}
