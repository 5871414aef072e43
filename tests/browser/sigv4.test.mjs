// Signature Version 4: what is signed. That it is what AWS signs, botocore says in tests/browser/test_modules.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { encoded, signed } from "../../deploy/browser/sigv4.mjs";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "session",
  expiration: new Date(0),
};
const SIGNER = { credentials: CREDENTIALS, region: "us-east-1", now: new Date("2013-05-24T00:00:00Z") };

test("the session token, the body and the host are signed, and the host is left to the browser", async () => {
  const url = new URL("https://examplebucket.s3.amazonaws.com/a");
  const headers = await signed({ method: "PUT", url, headers: { "Content-Type": "text/plain" }, body: new Uint8Array(3) }, SIGNER);
  assert.match(
    headers.authorization,
    /SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/,
  );
  assert.equal(headers["x-amz-security-token"], "session");
  assert.equal(headers["x-amz-date"], "20130524T000000Z");
  assert.equal(headers.host, undefined);
});

for (const key of ["..", "a/../b", "./a", "a/.", "home/u/.."]) {
  test(`a key that a browser would walk is refused: ${key}`, () => assert.throws(() => encoded(key), RangeError));
}

for (const [key, path] of [
  ["home/u/a b+c", "home/u/a%20b%2Bc"],
  ["a'(b)*!~", "a%27%28b%29%2A%21~"],
  ["a//b", "a//b"],
  ["ü/€😀", "%C3%BC/%E2%82%AC%F0%9F%98%80"],
  ["%2e%2e/x", "%252e%252e/x"],
  ["a?b#c", "a%3Fb%23c"],
  ["...", "..."],
]) {
  test(`${key} stands in a path as it is signed`, () => {
    assert.equal(encoded(key), path);
    assert.equal(new URL(`https://b.example/${encoded(key)}`).pathname, `/${path}`);
  });
}
