// From an API Gateway event to the caller's AWS credentials, sealed ones opened with the npm package `jose`.
//
// Sealed credentials are an encrypted JWT: `dir` + `A256GCM`, `kid` names the key, `aud` is API_ID/STAGE, `sub` the caller,
// `exp` when the credentials end. AUTHORIZER_SEALING_KEYS is the JWK Set that the authorizer has too; where it is set,
// nothing that is not sealed is believed. To drop a key, change the variable: Lambda then starts new environments.

import { jwtDecrypt, base64url } from "jose";

const LONGEST = 3600; // seconds that any session lives: a Lambda's AssumeRole is role chaining
const CLOCKS = 60; // seconds by which clocks may differ

const keys = () =>
  new Map(JSON.parse(process.env.AUTHORIZER_SEALING_KEYS).keys.map(({ kid, k }) => [kid, base64url.decode(k)]));

/** The authorizer's context: HTTP APIs with payload 2.0 put it under `lambda`. Headers are the caller's: never read them. */
export const contextOf = ({ version, requestContext: { authorizer } }) =>
  version === "2.0" ? authorizer.lambda : authorizer;

/** `{ accessKeyId, secretAccessKey, sessionToken, expiration }`, as every AWS SDK for JavaScript takes them. */
export async function credentialsOf(event) {
  const context = contextOf(event);
  const sealing = process.env.AUTHORIZER_SEALING_KEYS !== undefined;
  if (sealing && !context.credentials) throw new Error("the credentials are not sealed, and this backend has keys");
  const found = sealing ? await opened(context, event.requestContext) : context;
  const expiration = found.exp ? new Date(found.exp * 1000) : new Date(found.expiration);
  if (!found.accessKeyId || !found.secretAccessKey || !found.sessionToken || !(expiration > new Date())) {
    throw new Error("no live credentials in the authorizer's context");
  }
  const { accessKeyId, secretAccessKey, sessionToken } = found;
  return { accessKeyId, secretAccessKey, sessionToken, expiration };
}

async function opened(context, { apiId, stage }) {
  const { payload } = await jwtDecrypt(
    context.credentials,
    ({ kid }) => {
      const key = keys().get(kid);
      if (!key) throw new Error("sealed with a key that is not here");
      return key;
    },
    {
      audience: `${apiId}/${stage}`,
      subject: context.sub,
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
      requiredClaims: ["exp", "iat", "aud", "sub"],
    },
  );
  if (payload.exp - payload.iat > LONGEST + CLOCKS || payload.iat > Date.now() / 1000 + CLOCKS) {
    throw new Error("sealed for longer than any session lives, or not yet");
  }
  return payload;
}
