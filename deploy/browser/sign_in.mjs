// Signing in with Cognito's own page: OAuth 2.0 authorization code with PKCE (RFC 7636), without a secret. Tokens stand in
// memory alone. What must outlive the way to Cognito and back, `state` and the verifier, is in sessionStorage, once.

const KEPT = "sign-in";
/** Before a token's end at which another one is fetched, in milliseconds: the server hands out no session that lasts less
 * than five minutes, and a session ends with its token. */
const AHEAD = 420_000;

/**
 * @typedef {object} Place
 * @property {string} domain `https://…` of the user pool
 * @property {string} clientId An app client without a secret, whose callback is this page.
 */

/** Who is signed in, or nobody. */
export class SignIn {
  /** @type {string | undefined} */
  #idToken;
  /** @type {string | undefined} */
  #refreshToken;
  /** @type {Promise<void> | undefined} */
  #renewing;

  /** @param {Place} place */
  constructor({ domain, clientId }) {
    this.domain = domain.replace(/\/$/, "");
    this.clientId = clientId;
  }

  /** Leave for the sign-in page. */
  async begin() {
    const kept = { state: random(), verifier: random() };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(kept.verifier));
    location.assign(
      `${this.domain}/oauth2/authorize?${new URLSearchParams({
        response_type: "code",
        client_id: this.clientId,
        redirect_uri: here(),
        scope: "openid",
        state: kept.state,
        code_challenge: base64url(new Uint8Array(digest)),
        code_challenge_method: "S256",
      })}`,
    );
  }

  /** Back from there: whether somebody is signed in now. What stood in the address is gone from it, and from history. */
  async finish() {
    const said = new URLSearchParams(location.search);
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    if (!said.has("state")) return false;
    history.replaceState(null, "", here());
    if (!kept || said.get("state") !== kept.state) throw new Error("this sign-in was not begun here: begin again");
    const code = said.get("code");
    if (!code) throw new Error(`the sign-in was not finished: ${said.get("error") ?? "no code came back"}`);
    await this.#fetch({ grant_type: "authorization_code", code, redirect_uri: here(), code_verifier: kept.verifier });
    return true;
  }

  /** A token with which a session of five minutes and more can be had. */
  async token() {
    if (this.#idToken && Number(claims(this.#idToken).exp) * 1000 - Date.now() < AHEAD && this.#refreshToken) {
      this.#renewing ??= this.#fetch({ grant_type: "refresh_token", refresh_token: this.#refreshToken }).finally(() => {
        this.#renewing = undefined;
      });
      await this.#renewing;
    }
    if (!this.#idToken) throw new Error("nobody is signed in");
    return this.#idToken;
  }

  /** What the token says of its user: for display and for names, since nobody has verified it here. */
  get claims() {
    return this.#idToken ? claims(this.#idToken) : {};
  }

  /** Forget the tokens, and let no other be made of them. The address to leave for, so that Cognito forgets too. */
  end() {
    if (this.#refreshToken) {
      const revoked = new URLSearchParams({ token: this.#refreshToken, client_id: this.clientId });
      // Nobody waits for it: signing out works without a network.
      fetch(`${this.domain}/oauth2/revoke`, { ...ASKED, body: revoked, keepalive: true }).catch(() => {});
    }
    this.#idToken = this.#refreshToken = undefined;
    return `${this.domain}/logout?${new URLSearchParams({ client_id: this.clientId, logout_uri: here() })}`;
  }

  /** @param {Record<string, string>} grant */
  async #fetch(grant) {
    const before = this.#refreshToken;
    const body = new URLSearchParams({ ...grant, client_id: this.clientId });
    const answer = await fetch(`${this.domain}/oauth2/token`, { ...ASKED, body });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok || typeof said.id_token !== "string") throw new Error("Cognito gives no token: sign in again");
    if (this.#refreshToken !== before) return; // somebody signed out meanwhile
    this.#idToken = said.id_token;
    this.#refreshToken = said.refresh_token ?? before;
  }
}

/** @type {RequestInit} */
const ASKED = { method: "POST", cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" };

const here = () => location.origin + location.pathname;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** @param {string} jwt @returns {Record<string, unknown>} */
function claims(jwt) {
  const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0))));
}
