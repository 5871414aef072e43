// What the page does in S3: list, download and upload under one prefix, each request signed with what the provider then
// gives. So an upload of hours goes on with the credentials of each hour, and ends with signing out.

import { encoded, signed, query as written } from "./sigv4.mjs";

/** @typedef {import("./credentials.mjs").Credentials} Credentials */
/** @typedef {{key: string, name: string, size: number, modified: Date}} Entry */

/** Bytes of one part: S3 takes 5 MiB to 5 GiB, and 10,000 of them (S3 User Guide, "Amazon S3 multipart upload limits"). */
export const PART = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;

/** S3 said no. `code` is its own: `AccessDenied`, `ExpiredToken`. */
export class S3Error extends Error {
  /** @param {string} code @param {number} status */
  constructor(code, status) {
    super(`S3 answers ${status} (${code})`);
    this.name = "S3Error";
    this.code = code;
    this.status = status;
  }
}

/** A prefix of one bucket. */
export class Folder {
  /**
   * @param {object} place
   * @param {string} place.bucketUrl `https://BUCKET.s3.REGION.amazonaws.com`
   * @param {string} place.region
   * @param {string} place.prefix Ends in `/`.
   * @param {() => Promise<Credentials>} place.credentials
   */
  constructor({ bucketUrl, region, prefix, credentials }) {
    this.bucketUrl = bucketUrl.replace(/\/$/, "");
    this.region = region;
    this.prefix = prefix;
    this.credentials = credentials;
  }

  /** All files under the prefix. @param {AbortSignal} [signal] @returns {Promise<Entry[]>} */
  async list(signal) {
    /** @type {Entry[]} */
    const found = [];
    /** @type {string | null} */
    let next = null;
    do {
      const asked = { "list-type": "2", prefix: this.prefix, ...(next && { "continuation-token": next }) };
      const page = xml(await (await this.#send("GET", "", { query: asked, signal })).text());
      for (const entry of page.querySelectorAll("Contents")) {
        const key = text(entry, "Key");
        found.push({
          key,
          name: key.slice(this.prefix.length),
          size: Number(text(entry, "Size")),
          modified: new Date(text(entry, "LastModified")),
        });
      }
      next = page.querySelector("NextContinuationToken")?.textContent || null;
    } while (next);
    return found;
  }

  /** @param {string} key @param {AbortSignal} [signal] @returns {Promise<Blob>} */
  async download(key, signal) {
    return (await this.#send("GET", key, { signal })).blob();
  }

  /**
   * One file, in parts where it is larger than one.
   *
   * @param {File} file
   * @param {{signal?: AbortSignal, progress?: (bytes: number) => void}} [options]
   */
  async upload(file, { signal, progress = () => {} } = {}) {
    const key = this.prefix + file.name;
    const headers = { "content-type": file.type || "application/octet-stream" };
    if (file.size <= PART) {
      await this.#send("PUT", key, { headers, body: await bytes(file), signal });
      progress(file.size);
      return;
    }
    const begun = xml(await (await this.#send("POST", key, { query: { uploads: "" }, headers, signal })).text());
    const uploadId = text(begun, "UploadId");
    try {
      const tags = [];
      const size = Math.max(PART, Math.ceil(file.size / MOST_PARTS));
      for (let from = 0; from < file.size; from += size) {
        const part = { partNumber: String(tags.length + 1), uploadId };
        const body = await bytes(file.slice(from, from + size));
        const answer = await this.#send("PUT", key, { query: part, body, signal });
        const tag = answer.headers.get("etag");
        if (!tag) throw new Error("the bucket's CORS rules do not expose ETag: a file in parts cannot be put together");
        tags.push(tag);
        progress(from + body.length);
      }
      const parts = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`);
      const body = new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
      const done = await this.#send("POST", key, { query: { uploadId }, headers: { "content-type": "text/xml" }, body, signal });
      const said = await done.text(); // S3 may say that it failed in a 200 (API Reference, CompleteMultipartUpload)
      if (said.includes("<Error>")) throw new S3Error(codeOf(said), done.status);
    } catch (error) {
      await this.#abandon(key, uploadId);
      throw error;
    }
  }

  /** What was sent so far costs until it is dropped. Whoever has signed out cannot: the bucket's lifecycle rule does. */
  async #abandon(/** @type {string} */ key, /** @type {string} */ uploadId) {
    try {
      await this.#send("DELETE", key, { query: { uploadId } });
    } catch {
      // The upload's own error is the one to tell.
    }
  }

  /**
   * @param {string} method
   * @param {string} key
   * @param {{query?: Record<string, string>, headers?: Record<string, string>, body?: Uint8Array, signal?: AbortSignal}} [more]
   */
  async #send(method, key, { query = {}, headers = {}, body, signal } = {}) {
    const url = new URL(`${this.bucketUrl}/${encoded(key)}`);
    url.search = written(Object.entries(query));
    const signer = { credentials: await this.credentials(), region: this.region };
    const sent = await signed({ method, url, headers, body }, signer);
    const answer = await fetch(url, {
      method,
      headers: sent,
      body: /** @type {BodyInit | undefined} */ (body),
      signal,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
    if (!answer.ok) throw new S3Error(codeOf(await answer.text()), answer.status);
    return answer;
  }
}

/** Where a page takes markup from nobody (`require-trusted-types-for`), this is the one place that reads some: as XML, of
 * which nothing but texts is looked at. */
const reader = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("s3-xml", {
  createHTML: (/** @type {string} */ said) => said,
});

/** @param {string} said */
function xml(said) {
  return new DOMParser().parseFromString(reader ? reader.createHTML(said) : said, "application/xml");
}

/** @param {ParentNode} node @param {string} name */
const text = (node, name) => node.querySelector(name)?.textContent ?? "";

/** @param {string} said */
const codeOf = (said) => /<Code>(\w+)<\/Code>/.exec(said)?.[1] ?? "refused";

/** @param {string} said */
const escaped = (said) => said.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** @param {Blob} blob */
const bytes = async (blob) => new Uint8Array(await blob.arrayBuffer());
