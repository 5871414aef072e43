// Elements made of text alone. Whatever a token or a request said is data: it becomes a text node, and no attribute that
// means anything is ever made of it.

export function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, heard] of Object.entries(value)) made.addEventListener(event, heard);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function fill(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

export const body = (id) => document.querySelector(`#${id} .body`);

export const list = (items) => (items.length ? el("ul", {}, items.map((item) => el("li", {}, item))) : el("p", { class: "soft" }, "none"));

// A table that scrolls by itself on a narrow screen, and by keyboard.
export function table(name, heads, rows) {
  const head = el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell))));
  return el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": name },
    el("table", {}, el("thead", {}, head), el("tbody", {}, lines)));
}

// A word with its colour and a sign, so that neither stands alone.
const SIGNS = { good: "✓", bad: "✗", odd: "?", soft: "–" };
export const word = (tone, text) => el("span", { class: `${tone} strong` }, `${SIGNS[tone]} ${text}`);

export function excerpts(lines, open) {
  if (!lines.length) return null;
  const figures = lines.map((each) => el("figure", {},
    el("figcaption", {}, `${each.file}:${each.line}  ${each.what}`),
    el("pre", {}, each.text.map((line) =>
      el("span", { class: line.here ? "here" : null }, `${line.here ? "▸" : " "}${String(line.number).padStart(4)}  ${line.text}\n`)))));
  return el("details", { open }, el("summary", {}, `${lines.length === 1 ? "the line" : `${lines.length} lines`} that decided`), figures);
}

// Pieces of a text, those that stand for a claim marked with its name.
export const pieces = (parts) => el("pre", {}, parts.map((part) =>
  part.claim ? el("mark", { title: `claim ${part.claim}` }, part.text) : part.text));

export const milliseconds = (value) => (value === null || value === undefined ? "" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);

export const seconds = (value) => {
  const whole = Math.abs(Math.round(value));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
};

export const json = (value) => JSON.stringify(value, null, 2);
