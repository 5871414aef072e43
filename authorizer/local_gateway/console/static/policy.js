// Panel 6: the session policy, the template beside the rendered text.

import { body, el, fill, pieces } from "./dom.js";

export function showPolicy(decision) {
  const policy = decision.policy;
  if (!policy) return fill(body("policy"), "No session policy was rendered.");
  fill(body("policy"),
    el("p", {}, `${policy.characters.toLocaleString("en")} of ${policy.limit.toLocaleString("en")} characters `,
      el("meter", { min: "0", max: policy.limit, value: policy.characters, "aria-label": "characters of the session policy" }),
      `; packed size: ${policy.packed}`),
    el("p", { class: "soft" }, "Marked: where a claim stands, and its value."),
    el("div", { class: "beside" },
      el("div", {}, policy.templates.map((each) => [el("h3", {}, each.file), pieces(each.text)])),
      el("div", {}, el("h3", {}, "rendered"), pieces(policy.rendered), el("details", {}, el("summary", {}, "as it is sent to STS"), pieces(policy.sent)))));
}
