// The page: who is signed in, their files, and what is under way. All that it shows is text.

import { callerCredentials } from "./credentials.mjs";
import { Folder } from "./s3.mjs";
import { SignIn } from "./sign_in.mjs";

const config = JSON.parse(element("config").textContent ?? "");
const signIn = new SignIn(config.signIn);
/** What is under way ends with the session. */
let session = new AbortController();
/** @type {ReturnType<typeof callerCredentials> | undefined} */
let credentials;
/** @type {Folder | undefined} */
let folder;

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** @param {string} said */
function tell(said) {
  element("status").textContent = said;
}

/** Run what a click or a submit began, and say what came of it. @param {string} what @param {() => Promise<void>} act */
async function run(what, act) {
  const { signal } = session;
  try {
    await act();
  } catch (error) {
    if (!signal.aborted) tell(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}

function show() {
  const there = folder !== undefined;
  element("nobody").hidden = there;
  element("files").hidden = element("sign-out").hidden = !there;
  element("who").textContent = there ? String(signIn.claims["cognito:username"] ?? signIn.claims.sub) : "";
}

function begin() {
  session = new AbortController();
  const { claims } = signIn;
  credentials = callerCredentials({
    url: config.credentialsUrl,
    headers: config.headers,
    token: () => signIn.token(),
  });
  const prefix = config.prefix.replace(/\{([\w:]+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => claims[name]);
  folder = new Folder({ bucketUrl: config.bucketUrl, region: config.region, prefix, credentials });
  show();
}

async function list() {
  if (!folder) return;
  const rows = (await folder.list(session.signal)).map((entry) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = entry.name;
    const size = document.createElement("td");
    size.textContent = `${entry.size.toLocaleString()} bytes`;
    const when = document.createElement("td");
    when.textContent = entry.modified.toLocaleString();
    const action = document.createElement("td");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Download";
    button.setAttribute("aria-label", `Download ${entry.name}`);
    button.addEventListener("click", () => run(entry.name, () => download(entry)));
    action.append(button);
    row.append(name, size, when, action);
    return row;
  });
  if (!folder) return; // signed out meanwhile
  element("rows").replaceChildren(...rows);
  element("empty").hidden = rows.length > 0;
}

/** @param {import("./s3.mjs").Entry} entry */
async function download(entry) {
  if (!folder) return;
  tell(`${entry.name}: downloading`);
  const address = URL.createObjectURL(await folder.download(entry.key, session.signal));
  const link = document.createElement("a");
  link.href = address;
  link.download = entry.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  tell(`${entry.name}: downloaded`);
}

/** @param {File} file */
async function upload(file) {
  if (!folder) return;
  const bar = document.createElement("progress");
  const label = document.createElement("label");
  bar.max = file.size;
  bar.value = 0;
  label.append(`${file.name} `, bar);
  element("uploads").append(label);
  tell(`${file.name}: uploading`);
  try {
    await folder.upload(file, { signal: session.signal, progress: (done) => (bar.value = done) });
    tell(`${file.name}: uploaded`);
  } finally {
    label.remove();
  }
}

function signOut() {
  session.abort();
  credentials?.signOut();
  credentials = folder = undefined;
  element("rows").replaceChildren();
  element("uploads").replaceChildren();
  const leave = signIn.end();
  show();
  tell("Signed out.");
  element("sign-in").focus();
  return leave;
}

element("sign-in").addEventListener("click", () => run("Sign-in", () => signIn.begin()));
element("sign-out").addEventListener("click", () => location.assign(signOut()));
element("reload").addEventListener("click", () => run("Your files", list));
element("upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (element("chosen"));
  for (const file of input.files ?? []) {
    run(file.name, async () => {
      await upload(file);
      await list();
    });
  }
  input.value = "";
});
// A page that the browser keeps to come back to would come back signed in.
addEventListener("pagehide", () => folder && signOut());

show();
await run("Sign-in", async () => {
  if (!(await signIn.finish())) return;
  begin();
  await list();
});
