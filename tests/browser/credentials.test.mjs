// The credential provider for pages, against a server on loopback. `node --test tests/browser`

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, beforeEach, mock, test } from "node:test";
import { CredentialsError, callerCredentials } from "../../deploy/browser/credentials.mjs";

const MINUTE = 60_000;
const server = createServer((request, response) => api.answer(request, response));

/** Answers with sessions that live for `life`, or as `wrong` says; each question waits while `closed` is a promise. */
class Api {
  life = 15 * MINUTE;
  wrong = undefined;
  closed = undefined;
  /** @type {import("node:http").IncomingHttpHeaders[]} */
  asked = [];

  async answer(request, response) {
    this.asked.push(request.headers);
    const number = this.asked.length;
    await this.closed;
    const { status = 200, body = this.session(number), headers = {} } = this.wrong ?? {};
    response.writeHead(status, { connection: "close", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  session(number) {
    return {
      Version: 1,
      AccessKeyId: `ASIAOWN${number}`,
      SecretAccessKey: "canary-secret",
      SessionToken: "canary-session",
      Expiration: new Date(Date.now() + this.life).toISOString(),
    };
  }
}

let api = new Api();
let url = "";
before(async () => {
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${server.address().port}/credentials`;
});
after(() => server.close());
beforeEach(() => {
  api = new Api();
  mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-06-01T12:00:00Z") });
});
afterEach(() => mock.timers.reset());

const provider = (more = {}) => callerCredentials({ url, token: () => "a.b.c", ...more });
const later = (milliseconds) => mock.timers.setTime(Date.now() + milliseconds);
const answered = async (count) => {
  while (api.asked.length < count) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 30));
};
const refused = (code) => (error) => error instanceof CredentialsError && error.code === code;

// ── What comes of it ──────────────────────────────────────────────────────────────────────────────────────────────────

test("an SDK gets credentials in the form that it takes", async () => {
  assert.deepEqual(await provider()(), {
    accessKeyId: "ASIAOWN1",
    secretAccessKey: "canary-secret",
    sessionToken: "canary-session",
    expiration: new Date(Date.now() + api.life),
  });
});

test("nothing is asked before somebody asks", async () => {
  provider();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(api.asked.length, 0);
});

test("the token goes into its header, and no cookie, referrer or cache along with it", async () => {
  await provider({ headers: { "x-role": "default" } })();
  const [headers] = api.asked;
  assert.equal(headers.authorization, "Bearer a.b.c");
  assert.equal(headers["x-role"], "default");
  assert.equal(headers["cache-control"], "no-cache");
  assert.equal(headers.cookie ?? headers.referer, undefined);
});

test("a header of the application's takes the place of none that the provider sends", async () => {
  await provider({ headers: { Authorization: "Basic eDp5", Accept: "text/html" } })();
  assert.equal(api.asked[0].authorization, "Bearer a.b.c");
  assert.equal(api.asked[0].accept, "application/json");
});

test("one session serves while it lives", async () => {
  const credentials = provider();
  for (let minute = 0; minute < 10; minute++) {
    assert.equal((await credentials()).accessKeyId, "ASIAOWN1");
    later(MINUTE);
  }
  assert.equal(api.asked.length, 1);
});

test("what an SDK writes into its copy stays there", async () => {
  const credentials = provider();
  const mine = await credentials();
  mine.secretAccessKey = "another";
  mine.expiration.setTime(0);
  assert.equal((await credentials()).secretAccessKey, "canary-secret");
  assert.ok((await credentials()).expiration > new Date());
});

test("no property and no text of the provider tells a secret", async () => {
  const credentials = provider();
  await credentials();
  const shown = JSON.stringify(credentials) + Object.values(credentials) + credentials + Object.keys(credentials);
  assert.ok(!shown.includes("canary"));
});

// ── Renewal ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test("fresh ones are asked for ahead of the end, and nobody waits for them", async () => {
  const credentials = provider();
  await credentials();
  later(api.life - 4 * MINUTE);
  assert.equal((await credentials()).accessKeyId, "ASIAOWN1");
  await answered(2);
  assert.equal((await credentials()).accessKeyId, "ASIAOWN2");
});

test("in the last minute they are waited for", async () => {
  const credentials = provider();
  await credentials();
  later(api.life - 59_000);
  assert.equal((await credentials()).accessKeyId, "ASIAOWN2");
});

for (const [name, random, ahead] of [
  ["no earlier than 4 minutes 45 seconds before the end", 0.999999, 285_000],
  ["no later than 4 minutes before the end", 0, 240_000],
]) {
  test(`pages do not renew in step: ${name}`, async () => {
    mock.method(Math, "random", () => random);
    const credentials = provider();
    await credentials();
    later(api.life - ahead - 1000);
    await credentials();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(api.asked.length, 1);
    later(2000);
    await credentials();
    await answered(2);
    mock.restoreAll();
  });
}

test("all who ask at once wait for one question", async () => {
  const credentials = provider();
  const keys = await Promise.all(Array.from({ length: 20 }, async () => (await credentials()).accessKeyId));
  assert.deepEqual(new Set(keys), new Set(["ASIAOWN1"]));
  assert.equal(api.asked.length, 1);
});

test("each renewal asks for a token anew", async () => {
  let number = 0;
  const credentials = provider({ token: async () => `token.${++number}` });
  await credentials();
  later(api.life - 30_000);
  await credentials();
  assert.deepEqual(api.asked.map((headers) => headers.authorization), ["Bearer token.1", "Bearer token.2"]);
});

test("sessions that are too short to be held are not asked for in a loop", async () => {
  api.life = 2 * MINUTE;
  const credentials = provider();
  for (let call = 0; call < 20; call++) {
    await credentials();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(api.asked.length, 1);
  later(6000);
  await credentials();
  await answered(2);
});

// ── Failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const WRONG = [
  ["a refusal", { status: 403, body: { code: "not_for_callers" } }, "not_for_callers"],
  ["no token that is taken", { status: 401, body: { code: "token_expired" } }, "token_expired"],
  ["a gateway's own answer", { status: 502, body: "<html>Bad Gateway</html>" }, "refused"],
  ["a code that is markup", { status: 403, body: { code: "<img src=x>" } }, "refused"],
  ["an empty object", { body: {} }, "not_credentials"],
  ["no JSON", { body: "hello" }, "not_credentials"],
  ["JSON that is null", { body: "null" }, "not_credentials"],
  ["a list", { body: "[1]" }, "not_credentials"],
  ["no session token", { body: { ...api.session(1), SessionToken: "" } }, "not_credentials"],
  ["a key that is no text", { body: { ...api.session(1), AccessKeyId: 7 } }, "not_credentials"],
  ["an end that is no time", { body: { ...api.session(1), Expiration: "soon" } }, "not_credentials"],
  ["an end that is a number", { body: { ...api.session(1), Expiration: 9e12 } }, "not_credentials"],
  ["an end that is over", { body: { ...api.session(1), Expiration: "2026-06-01T11:59:59Z" } }, "clock"],
  ["a redirect", { status: 302, headers: { location: "/elsewhere" } }, "unreachable"],
];
for (const [name, wrong, code] of WRONG) {
  test(`the answer is ${name}: that is said, without the token or a secret`, async () => {
    api.wrong = wrong;
    await assert.rejects(provider()(), (error) => {
      assert.ok(refused(code)(error), `${error}`);
      assert.ok(!/a\.b\.c|canary/.test(`${error.stack}${JSON.stringify(error)}`));
      return true;
    });
    assert.equal(api.asked.length, 1);
  });
}

for (const [name, token] of [
  ["nothing", () => undefined],
  ["an empty text", () => ""],
  ["a text with a line break", () => "a.b.c\r\nx-role: admin"],
  ["a text with a space", () => "Bearer a.b.c"],
  ["another alphabet's letters", () => "а.b.c"],
  ["an object", () => ({ toString: () => "a.b.c" })],
]) {
  test(`a token that is ${name} is not sent`, async () => {
    await assert.rejects(provider({ token })(), refused("no_token"));
    assert.equal(api.asked.length, 0);
  });
}

test("what `token` throws is told", async () => {
  const token = () => {
    throw new Error("nobody is signed in");
  };
  await assert.rejects(provider({ token })(), /nobody is signed in/);
});

test("while old ones live a failed renewal is nobody's error", async () => {
  const credentials = provider();
  await credentials();
  api.wrong = { status: 500, body: {} };
  for (const left of [230_000, 100_000, 59_000, 10_000, 500]) {
    mock.timers.setTime(Date.parse("2026-06-01T12:15:00Z") - left);
    assert.equal((await credentials()).accessKeyId, "ASIAOWN1");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(api.asked.length > 2);
  later(500);
  await assert.rejects(credentials(), refused("refused"));
});

test("after a failure the next one asks again, and what comes then is used", async () => {
  const credentials = provider();
  api.wrong = { status: 500, body: {} };
  await assert.rejects(credentials(), refused("refused"));
  api.wrong = undefined;
  later(5001);
  assert.equal((await credentials()).accessKeyId, "ASIAOWN2");
});

test("after a success the next failure is a first one again", async () => {
  const credentials = provider();
  api.wrong = { status: 500, body: {} };
  for (let failure = 0; failure < 5; failure++) {
    await assert.rejects(credentials());
    later(MINUTE);
  }
  api.wrong = undefined;
  await credentials();
  later(api.life - 30_000);
  api.wrong = { status: 500, body: {} };
  await credentials();
  later(5001);
  api.wrong = undefined;
  assert.equal((await credentials()).accessKeyId, `ASIAOWN${api.asked.length}`);
});

test("failures in a row are further and further apart, up to a minute", async () => {
  const credentials = provider();
  api.wrong = { status: 500, body: {} };
  for (let second = 0; second < 600; second++) {
    await assert.rejects(credentials());
    later(1000);
  }
  assert.ok(api.asked.length >= 10 && api.asked.length <= 24, `${api.asked.length} questions`);
});

for (const [name, header, wait] of [
  ["seconds", "90", 90_000],
  ["a date", "Mon, 01 Jun 2026 12:01:30 GMT", 90_000],
  ["more than an hour", "86400", 3_600_000],
]) {
  test(`429 with Retry-After in ${name}: nothing is asked until then`, async () => {
    const credentials = provider();
    api.wrong = { status: 429, body: { code: "too_many_sessions" }, headers: { "retry-after": header } };
    await assert.rejects(credentials(), (error) => refused("too_many_sessions")(error) && error.status === 429);
    later(wait - 1);
    await assert.rejects(credentials(), refused("too_many_sessions"));
    assert.equal(api.asked.length, 1);
    api.wrong = undefined;
    later(1);
    await credentials();
    assert.equal(api.asked.length, 2);
  });
}

test("429 while old ones live: they serve on, and nothing is asked until Retry-After", async () => {
  const credentials = provider();
  await credentials();
  later(api.life - 4 * MINUTE);
  api.wrong = { status: 429, body: { code: "too_many_sessions" }, headers: { "retry-after": "120" } };
  for (let second = 0; second < 119; second++) {
    assert.equal((await credentials()).accessKeyId, "ASIAOWN1");
    if (second === 0) await answered(2);
    later(1000);
  }
  assert.equal(api.asked.length, 2);
});

test("a Retry-After that says nothing is a failure like any other", async () => {
  const credentials = provider();
  api.wrong = { status: 429, body: {}, headers: { "retry-after": "soon" } };
  await assert.rejects(credentials(), refused("refused"));
  later(5001);
  api.wrong = undefined;
  await credentials();
});

// ── Signing out ───────────────────────────────────────────────────────────────────────────────────────────────────────

test("after signing out there are none, and neither they nor a token are asked for", async () => {
  let tokens = 0;
  const credentials = provider({ token: () => `token.${++tokens}` });
  await credentials();
  credentials.signOut();
  await assert.rejects(credentials(), refused("signed_out"));
  assert.deepEqual([api.asked.length, tokens], [1, 1]);
});

test("who waits while somebody signs out gets none, whatever the server then answers", async () => {
  let open;
  api.closed = new Promise((resolve) => (open = resolve));
  const credentials = provider();
  const waiting = assert.rejects(credentials(), refused("signed_out"));
  await answered(1);
  credentials.signOut();
  await waiting;
  open();
  await assert.rejects(credentials(), refused("signed_out"));
});

test("signing out while a token is fetched stops the question that it was for", async () => {
  let give;
  const credentials = provider({ token: () => new Promise((resolve) => (give = resolve)) });
  const waiting = assert.rejects(credentials(), refused("signed_out"));
  await new Promise(setImmediate);
  credentials.signOut();
  await waiting;
  give("a.b.c");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(api.asked.length, 0);
});

test("a renewal that is under way does not outlive signing out", async () => {
  const credentials = provider();
  await credentials();
  later(api.life - 4 * MINUTE);
  let open;
  api.closed = new Promise((resolve) => (open = resolve));
  await credentials();
  await answered(2);
  credentials.signOut();
  open();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await assert.rejects(credentials(), refused("signed_out"));
});

// ── Where it asks ─────────────────────────────────────────────────────────────────────────────────────────────────────

for (const address of [
  "http://api.example.com/credentials",
  "http://localhost.example.com/credentials",
  "http://127.0.0.1.example.com/credentials",
  "http://127.0.0.2/credentials",
  "ftp://localhost/credentials",
  "data:application/json,{}",
  "https://me:secret@api.example.com/credentials",
]) {
  test(`a token is never sent to ${address}`, () => {
    assert.throws(() => provider({ url: address }), TypeError);
  });
}

for (const address of [
  "https://api.example.com/credentials",
  "http://localhost:8000/credentials",
  "http://127.0.0.1/credentials",
  "http://[::1]:8000/credentials",
]) {
  test(`${address} may be asked`, () => assert.ok(provider({ url: address })));
}

test("a server that is not there is told of", async () => {
  await assert.rejects(provider({ url: "http://127.0.0.1:9/credentials" })(), refused("unreachable"));
});

test("nothing is ever put into a page's storage", async () => {
  const storage = new Proxy({}, { get: () => assert.fail("read"), set: () => assert.fail("written") });
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "document"]) {
    Object.defineProperty(globalThis, name, { configurable: true, get: () => storage });
  }
  try {
    const credentials = provider();
    await credentials();
    credentials.signOut();
  } finally {
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "document"]) delete globalThis[name];
  }
});
