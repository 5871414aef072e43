// Panel 1: requests as they come, a bounded window of them.

import { get } from "./ask.js";
import { el, fill, milliseconds, word } from "./dom.js";

const TONES = { allow: "good", open: "good", preflight: "good", deny: "bad", unauthorized: "bad", failure: "bad", refused: "bad", "no route": "bad" };
const HEADS = ["#", "time", "request", "persona", "verdict", "cache"];

export class Requests {
  constructor(place, choose) {
    this.rows = [];
    this.window = 100;
    this.follows = true;
    this.chosen = null;
    this.before = null;
    this.count = 0;
    this.onChoose = choose;
    this.lines = el("tbody");
    this.follow = el("input", { type: "checkbox", checked: true, on: { change: () => { this.follows = this.follow.checked; } } });
    this.older = el("button", { type: "button", on: { click: () => this.page(this.rows.at(-1)?.number) } }, "Older");
    this.newer = el("button", { type: "button", disabled: true, on: { click: () => this.page(null) } }, "Newest");
    fill(place,
      el("div", { class: "row" }, el("label", {}, this.follow, " show the newest"), this.older, this.newer),
      el("div", { class: "list", tabindex: "0", role: "group", "aria-label": "Requests, newest first", on: { keydown: (event) => this.moved(event) } },
        el("table", {}, el("thead", {}, el("tr", {}, HEADS.map((text) => el("th", { scope: "col" }, text)))), this.lines)));
  }

  get newest() {
    return this.before === null ? this.rows[0]?.number ?? null : null;
  }

  async look() {
    const after = this.before === null ? this.rows[0]?.number ?? 0 : this.count;
    const found = await get("requests", { after });
    this.window = found.window;
    this.count = found.count;
    if (found.rows.length && this.before === null) {
      this.rows = [...found.rows, ...this.rows].slice(0, this.window);
      const fresh = found.rows.map((row) => this.line(row));
      this.lines.prepend(...fresh);
      while (this.lines.children.length > this.window) this.lines.lastChild.remove();
    }
    return found;
  }

  async page(before) {
    if (before === undefined) return;
    const found = await get("requests", { before });
    if (before !== null && !found.rows.length) return;
    this.before = before;
    this.rows = found.rows;
    this.newer.disabled = before === null;
    this.follow.checked = this.follows = before === null && this.follows;
    fill(this.lines, this.rows.map((row) => this.line(row)));
    this.choose(this.chosen);
  }

  line(row) {
    const pick = el("button", { type: "button", "aria-pressed": "false", "data-number": row.number, on: { click: () => this.picked(row.number) } }, `${row.number}`);
    const cells = [
      pick,
      [new Date(row.time * 1000).toLocaleTimeString("en-GB"), el("br"), el("span", { class: "soft" }, milliseconds(row.milliseconds))],
      [el("span", { class: "code" }, `${row.method} ${row.path}`.trim()), el("br"), el("span", { class: "soft" }, `${row.kind}${row.route ? `, ${row.route}` : ""}`)],
      row.persona ?? row.principal ?? "–",
      [word(TONES[row.outcome] ?? "odd", `${row.status} ${row.outcome}`), el("br"), el("span", { class: "code" }, row.code)],
      row.cache === null ? "–" : row.cache === "hit" ? `hit, ${Math.round(row.age)} s` : "miss",
    ];
    const line = el("tr", { on: { click: (event) => { if (event.target !== pick) this.picked(row.number); } } }, cells.map((cell) => el("td", {}, cell)));
    this.mark(line, row.number === this.chosen);
    return line;
  }

  stay() {
    this.follow.checked = this.follows = false;
  }

  picked(number) {
    this.stay();
    this.onChoose(number);
  }

  choose(number) {
    this.chosen = number;
    for (const line of this.lines.children) this.mark(line, Number(line.querySelector("button").dataset.number) === number);
  }

  mark(line, chosen) {
    line.classList.toggle("chosen", chosen);
    line.querySelector("button").setAttribute("aria-pressed", String(chosen));
  }

  moved(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.rows.findIndex((row) => row.number === this.chosen);
    const next = this.lines.children[Math.max(0, Math.min(this.rows.length - 1, at + step))];
    next?.querySelector("button").focus();
    next?.querySelector("button").click();
  }
}
