// The provider in the hands of the AWS SDK for JavaScript v3 itself, where `make test-page` has installed it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { callerCredentials } from "../../deploy/browser/credentials.mjs";

const installed = new URL("../../build/page/node_modules/@aws-sdk/client-s3/package.json", import.meta.url);
const skip = existsSync(installed) ? false : "make test-page installs the AWS SDK";
const MINUTE = 60_000;
let asked = 0;
let life = 15 * MINUTE;
const signers = [];
const server = createServer((request, response) => {
  response.setHeader("connection", "close");
  if (request.url === "/credentials") {
    asked += 1;
    const session = { AccessKeyId: `ASIAOWN${asked}`, SecretAccessKey: "secret", SessionToken: `session-${asked}` };
    response.end(JSON.stringify({ Version: 1, ...session, Expiration: new Date(Date.now() + life).toISOString() }));
    return;
  }
  signers.push([/Credential=(\w+)\//.exec(request.headers.authorization)?.[1], request.headers["x-amz-security-token"]]);
  response.setHeader("content-type", "application/xml");
  response.end("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>");
});
let origin = "";
before(async () => {
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

test("an S3 client signs with what the provider gives, asks once, and takes fresh ones ahead of the end", { skip }, async () => {
  const { ListObjectsV2Command, S3Client } = createRequire(installed)("@aws-sdk/client-s3");
  const credentials = callerCredentials({ url: `${origin}/credentials`, token: () => "a.b.c" });
  const s3 = new S3Client({ region: "eu-west-1", endpoint: origin, forcePathStyle: true, credentials });
  const list = () => s3.send(new ListObjectsV2Command({ Bucket: "b", Prefix: "home/u/" }));
  await Promise.all([list(), list(), list()]);
  await list();
  assert.equal(asked, 1);
  assert.deepEqual(new Set(signers.map(String)), new Set(["ASIAOWN1,session-1"]));
});

test("an S3 client whose session is near its end waits for no renewal, and uses it", { skip }, async () => {
  const { ListObjectsV2Command, S3Client } = createRequire(installed)("@aws-sdk/client-s3");
  life = 3 * MINUTE;
  const credentials = callerCredentials({ url: `${origin}/credentials`, token: () => "a.b.c" });
  const s3 = new S3Client({ region: "eu-west-1", endpoint: origin, forcePathStyle: true, credentials });
  signers.length = 0;
  const before = asked;
  const list = () => s3.send(new ListObjectsV2Command({ Bucket: "b", Prefix: "home/u/" }));
  await list();
  await list();
  assert.equal(asked, before + 1);
  assert.deepEqual(signers.map(([key]) => key), [`ASIAOWN${before + 1}`, `ASIAOWN${before + 1}`]);
});

test("after signing out a client that is made anew gets none", { skip }, async () => {
  const { ListObjectsV2Command, S3Client } = createRequire(installed)("@aws-sdk/client-s3");
  const credentials = callerCredentials({ url: `${origin}/credentials`, token: () => "a.b.c" });
  credentials.signOut();
  const s3 = new S3Client({ region: "eu-west-1", endpoint: origin, forcePathStyle: true, credentials });
  await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket: "b" })), { code: "signed_out" });
});
