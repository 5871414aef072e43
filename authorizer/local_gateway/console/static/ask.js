// What the page asks the server, with the key that came with it.

const key = document.querySelector("meta[name=console-key]").content;

async function ask(method, name, body, query) {
  const answer = await fetch(`/_console/api/${name}${query}`, {
    method,
    headers: { "x-console": key, ...(body ? { "content-type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    cache: "no-store",
  });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.error), { status: answer.status });
  return said;
}

export const get = (name, said = {}) => {
  const given = Object.entries(said).filter(([, value]) => value !== null && value !== undefined);
  return ask("GET", name, null, given.length ? `?${new URLSearchParams(given)}` : "");
};
export const post = (name, said = {}) => ask("POST", name, said, "");
