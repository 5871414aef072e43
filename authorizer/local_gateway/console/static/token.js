// Panel 3: the token.

import { body, el, excerpts, fill, seconds, table, word } from "./dom.js";

const TONES = { ok: "good", refused: "bad", absent: "soft" };

export function showToken(decision) {
  const token = decision.token;
  if (!token) return fill(body("token"), "The request had no token that could be told.");
  const left = token.expires_in;
  const expiry = left === null ? "it does not say when it expires" : left > 0 ? `expires in ${seconds(left)}` : `expired ${seconds(left)} ago`;
  fill(body("token"),
    el("p", {}, token.verified ? word("good", "verified") : word("bad", "not verified: nothing below is believed"), `; ${expiry}`),
    next(token.next),
    table("Header", ["header", "value"], token.header.map((row) => [row.name, el("span", { class: "code" }, row.value)])),
    table("Claims", ["claim", "value", "declared as", "verdict"], [...token.claims.map(claim), ...token.absent.map(absent)]));
}

function next(failing) {
  if (!failing) return null;
  const when = failing.in > 0 ? `in ${seconds(failing.in)}` : "now";
  return el("p", {}, `The check that fails next: “${failing.check}”, ${when} (`, el("span", { class: "code" }, failing.code), ")");
}

const kind = (row) => `${row.name}: ${row.type}${row.user_writable ? ", users can change it" : ""}${row.used ? ", used" : ""}`;

function claim(row) {
  const plain = row.checked ? "checked by the authorizer itself" : "not declared: it reaches nothing";
  return [
    row.claim,
    el("span", { class: "code" }, row.value),
    row.declared.length ? row.declared.map((each) => [kind(each), excerpts(each.lines, false)]) : el("span", { class: "soft" }, plain),
    row.declared.map((each) => el("div", {}, word(TONES[each.verdict], each.verdict), each.why ? ` ${each.why}` : "")),
  ];
}

const absent = (row) => [row.claim, el("span", { class: "soft" }, "–"), kind(row), [word(TONES[row.verdict], row.verdict), ` ${row.why}`]];
