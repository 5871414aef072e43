// The caller's own AWS credentials in a page, from `GET /credentials`: a credential provider for an AWS SDK v3 client.
//
//   import { callerCredentials } from "./credentials.mjs";
//
//   const credentials = callerCredentials({ url: "https://api.example.com/credentials", token: () => idToken() });
//   const s3 = new S3Client({ region: "eu-west-1", credentials });
//   credentials.signOut();
//
// One file without dependencies, for browsers and Node 20. What it holds stands in memory alone: no storage, no log, no
// property of an object.

/**
 * @typedef {object} Credentials
 * @property {string} accessKeyId
 * @property {string} secretAccessKey
 * @property {string} sessionToken
 * @property {Date} expiration
 */
/**
 * @typedef {object} Options
 * @property {string} url The https URL of `GET /credentials`; plain HTTP on loopback alone.
 * @property {() => string | Promise<string>} token Called for each renewal; gives a token that is still taken. The one of
 *   the last time ends with the session that it brought.
 * @property {Record<string, string>} [headers] Others that the API wants with each request, such as `{"x-role": "default"}`.
 */
/**
 * @typedef {object} SignOut
 * @property {() => void} signOut Forgets the credentials and stops what asks for them, for good.
 */
/** @typedef {(() => Promise<Credentials>) & SignOut} Provider What the SDK takes as `credentials`. */

/** Before the end at which fresh ones are asked for, in milliseconds: what the server hands out lasts five minutes at
 * least, or until the token ends, and pages that were opened together do not all ask at once. */
const AHEAD = 240_000;
const JITTER = 45_000;
/** Before the end, from when on a request waits for fresh ones rather than be signed with what may end on its way. */
const LAST = 60_000;
/** For one answer: the server gives up before that. */
const TIMEOUT = 12_000;
/** Between two questions: twice as long after each failure in a row, and as long as `Retry-After` says. */
const PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;
const LONGEST_RETRY_AFTER = 3_600_000;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Why there are none. `code` is the server's (`too_many_sessions`), or one of `signed_out`, `no_token`, `unreachable`,
 * `not_credentials`, `clock`. `status` is that of the answer, if there was one. */
export class CredentialsError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{status?: number, retryAfter?: number}} [more] `retryAfter` in milliseconds.
   */
  constructor(code, message, { status, retryAfter } = {}) {
    super(message);
    this.name = "CredentialsError";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * A provider, for one signed-in user. It asks when it is first called, again ahead of the end when it is called then, and
 * once for all who call meanwhile. While old ones live a failed renewal is nobody's error.
 *
 * @param {Options} options
 * @returns {Provider} It rejects with a `CredentialsError`.
 * @throws {TypeError} For a URL that is neither https nor loopback's.
 */
export function callerCredentials({ url, token, headers = {} }) {
  const address = checked(url);
  const over = new AbortController();
  /** @type {{credentials: Credentials, due: number} | undefined} */
  let held;
  /** @type {Promise<void> | undefined} */
  let flight;
  /** @type {unknown} */
  let failure;
  let failures = 0;
  let notBefore = 0;

  /** @returns {Promise<void>} */
  async function renew() {
    try {
      const jwt = await unlessOver(Promise.resolve().then(token), over.signal);
      const fresh = await ask(address, jwt, headers, over.signal);
      over.signal.throwIfAborted();
      held = { credentials: fresh, due: fresh.expiration.getTime() - AHEAD - Math.random() * JITTER };
      failure = undefined;
      failures = 0;
      notBefore = Date.now() + PAUSE;
    } catch (error) {
      failure = error;
      const pause = Math.min(LONGEST_PAUSE, PAUSE * 2 ** failures++) * (0.5 + Math.random() / 2);
      const asked = error instanceof CredentialsError ? (error.retryAfter ?? 0) : 0;
      notBefore = Date.now() + Math.max(pause, asked);
      throw error;
    } finally {
      flight = undefined;
    }
  }

  async function provide() {
    refuseWhenOver();
    if (held && Date.now() < held.due) return given(held.credentials);
    if (!flight && Date.now() >= notBefore) {
      flight = renew();
      flight.catch(() => {}); // told below, to who has to know
    }
    if (held && left(held.credentials) > LAST) return given(held.credentials);
    /** @type {unknown} */
    let problem = failure ?? new CredentialsError("clock", "the credentials ended as they came: is this device's clock right?");
    try {
      await flight;
    } catch (error) {
      problem = error;
    }
    refuseWhenOver();
    if (held && left(held.credentials) > 0) return given(held.credentials);
    throw problem;
  }

  function refuseWhenOver() {
    if (over.signal.aborted) throw new CredentialsError("signed_out", "signed out: there are no credentials any more");
  }

  function signOut() {
    held = undefined;
    failure = undefined;
    over.abort();
  }

  return Object.assign(provide, { signOut });
}

/** @param {string} url */
function checked(url) {
  const address = new URL(url);
  const loopback = address.protocol === "http:" && LOOPBACK.includes(address.hostname);
  if ((address.protocol !== "https:" && !loopback) || address.username || address.password) {
    throw new TypeError("expected the https URL of GET /credentials; plain HTTP is for loopback");
  }
  return address.href;
}

/**
 * @param {string} address
 * @param {string} jwt
 * @param {Record<string, string>} headers
 * @param {AbortSignal} over
 * @returns {Promise<Credentials>}
 */
async function ask(address, jwt, headers, over) {
  if (typeof jwt !== "string" || !/^[!-~]+$/.test(jwt)) {
    throw new CredentialsError("no_token", "`token` gave no token: expected a JWT as the issuer signed it");
  }
  const sent = new Headers(headers);
  sent.set("accept", "application/json");
  sent.set("authorization", `Bearer ${jwt}`); // in place of another one, however that is spelled
  let response;
  let said;
  try {
    response = await fetch(address, {
      headers: sent,
      cache: "no-store", // neither what another user was answered, nor on a disk for the next one
      credentials: "omit",
      redirect: "error", // the token is for this address alone
      referrerPolicy: "no-referrer",
      signal: AbortSignal.any([over, AbortSignal.timeout(TIMEOUT)]),
    });
    said = await response.json().catch((/** @type {Error} */ error) => {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    });
  } catch {
    // Whatever the reason, the browser keeps it from a page: no network, no CORS for this origin, a redirect.
    throw new CredentialsError("unreachable", "the server cannot be asked, or does not let this page read its answer");
  }
  if (response.status !== 200) {
    const code = typeof said?.code === "string" && /^\w{1,64}$/.test(said.code) ? said.code : "refused";
    throw new CredentialsError(code, `the server answers ${response.status} (${code})`, {
      status: response.status,
      retryAfter: retryAfter(response), // of 429, or of whatever stands in front and is overrun
    });
  }
  return read(said);
}

/** @param {Response} response @returns {number | undefined} Milliseconds (RFC 9110 §10.2.3: seconds, or a date). */
function retryAfter(response) {
  const said = response.headers.get("retry-after");
  if (said === null) return undefined;
  const wait = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER);
}

/** @param {any} said @returns {Credentials} */
function read(said) {
  const texts = [said?.AccessKeyId, said?.SecretAccessKey, said?.SessionToken, said?.Expiration];
  const expiration = new Date(said?.Expiration);
  if (!texts.every((text) => typeof text === "string" && text) || Number.isNaN(expiration.getTime())) {
    throw new CredentialsError("not_credentials", "the answer has no credentials: is the URL that of GET /credentials?");
  }
  const [accessKeyId, secretAccessKey, sessionToken] = texts;
  const credentials = { accessKeyId, secretAccessKey, sessionToken, expiration };
  if (left(credentials) <= 0) {
    throw new CredentialsError("clock", "the credentials ended before they came: is this device's clock right?");
  }
  return credentials;
}

/** @param {Credentials} credentials */
const left = (credentials) => credentials.expiration.getTime() - Date.now();

/** @param {Credentials} credentials A copy: SDKs write into what they are given. */
const given = (credentials) => ({ ...credentials, expiration: new Date(credentials.expiration) });

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} over
 * @returns {Promise<T>}
 */
function unlessOver(promise, over) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(over.reason);
    over.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => over.removeEventListener("abort", stop));
  });
}
