// Signature Version 4 by Web Crypto: one request → its headers (AWS IAM User Guide, "Create a signed AWS API request").
// For S3, whose paths are percent-encoded once and never normalised.

/** @typedef {import("./credentials.mjs").Credentials} Credentials */

const ALGORITHM = "AWS4-HMAC-SHA256";
const bytes = new TextEncoder();

/**
 * The headers with which `request` is sent: those that it has, and what signs them.
 *
 * @param {{method: string, url: URL, headers?: Record<string, string>, body?: Uint8Array}} request `url` as `encoded` and
 *   `query` make it.
 * @param {{credentials: Credentials, region: string, service?: string, now?: Date}} signer
 * @returns {Promise<Record<string, string>>}
 */
export async function signed({ method, url, headers = {}, body = new Uint8Array() }, signer) {
  const { credentials, region, service = "s3", now = new Date() } = signer;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const digest = hex(await crypto.subtle.digest("SHA-256", whole(body)));
  /** @type {Record<string, string>} */
  const sent = { "x-amz-content-sha256": digest, "x-amz-date": time, "x-amz-security-token": credentials.sessionToken };
  for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = value;

  /** @type {Record<string, string>} */
  const covered = { ...sent, host: url.host };
  const names = Object.keys(covered).sort();
  const canonical = [
    method,
    url.pathname,
    query(url.searchParams),
    ...names.map((name) => `${name}:${covered[name].trim().replace(/ +/g, " ")}`),
    "",
    names.join(";"),
    digest,
  ].join("\n");
  const hashed = hex(await crypto.subtle.digest("SHA-256", bytes.encode(canonical)));

  /** @type {BufferSource} */
  let key = bytes.encode(`AWS4${credentials.secretAccessKey}`);
  for (const part of scope) key = await hmac(key, part);
  const signature = hex(await hmac(key, [ALGORITHM, time, scope.join("/"), hashed].join("\n")));
  const authorization =
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope.join("/")}, ` +
    `SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...sent, authorization };
}

/**
 * A key of S3 as it stands in a path.
 *
 * @param {string} key
 * @throws {RangeError} Where a browser would send another path than was signed: it walks `.` and `..`, encoded or not.
 */
export function encoded(key) {
  const parts = key.split("/");
  if (parts.some((part) => part === "." || part === "..")) {
    throw new RangeError("a key with a part that is `.` or `..` cannot be asked for by a browser");
  }
  return parts.map(escaped).join("/");
}

/**
 * A query as it stands in a URL. Not `URLSearchParams`: it writes a space as `+`, which S3 reads as a plus.
 *
 * @param {Iterable<[string, string]>} pairs
 */
export function query(pairs) {
  return [...pairs]
    .map((pair) => pair.map(escaped))
    .sort(([a, x], [b, y]) => (a === b ? Number(x > y) - Number(x < y) : Number(a > b) - Number(a < b)))
    .map((pair) => pair.join("="))
    .join("&");
}

/** @param {string} text All but letters, digits and `-._~`: `encodeURIComponent` leaves five more as they are. */
const escaped = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param {Uint8Array} body @returns {BufferSource} */
const whole = (body) => /** @type {BufferSource} */ (body);

/** @param {BufferSource} key @param {string} text */
async function hmac(key, text) {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", made, bytes.encode(text));
}

/** @param {ArrayBuffer} buffer */
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
