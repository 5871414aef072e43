// The page: which decision is chosen, and what each panel is given of it.

import { get } from "./ask.js";
import { fill, body } from "./dom.js";
import { Requests } from "./requests.js";
import { showCache, forgetCache } from "./cache.js";
import { showCalls } from "./calls.js";
import { showDecision } from "./decision.js";
import { showIsolation } from "./isolation.js";
import { showPolicy } from "./policy.js";
import { showRole } from "./role.js";
import { showRoutes } from "./routes.js";
import { showStages } from "./stages.js";
import { showToken } from "./token.js";
import { showTry } from "./try.js";
import { showWhatIf } from "./whatif.js";

const EVERY = 1000;
const PANELS = [showDecision, showStages, showToken, showRole, showRoutes, showPolicy, showTry, showCalls, showWhatIf];
const state = { number: null, personas: [] };
const status = document.getElementById("status");

async function choose(number) {
  state.number = number;
  requests.choose(number);
  try {
    const decision = await get("decision", { number });
    if (state.number !== number) return;
    for (const show of PANELS) show(decision, state);
    forgetCache();
    await showCache(decision);
  } catch (error) {
    if (state.number === number) fill(body("decision"), error.message);
  }
}

const requests = new Requests(body("requests"), choose);
// Whoever does something with a decision keeps it.
for (const event of ["click", "input"]) document.getElementById("panels").addEventListener(event, () => requests.stay());

let failures = 0;
async function look() {
  try {
    if (!document.hidden) {
      const found = await requests.look();
      state.personas = found.personas;
      status.textContent = `live: ${found.count.toLocaleString("en")} requests so far`;
      failures = 0;
      if (requests.follows && requests.newest !== null && requests.newest !== state.number) await choose(requests.newest);
    }
  } catch (error) {
    failures += 1;
    status.textContent = error.status ? error.message : "the server does not answer";
  }
  setTimeout(look, EVERY * Math.min(10, 1 + failures));
}

function begin() {
  showIsolation();
  showCache(null);
  showWhatIf(null, state);
  look();
}

// After the first paint: what is asked and shown does not hold it up.
requestAnimationFrame(() => setTimeout(begin));
