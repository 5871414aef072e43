// Judges tokens with npm's aws-jwt-verify: a JSON document on stdin, an array of true and false on stdout.
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const { now, pool, client, jwks, tokens } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [now * 1000]));
  }
  static now() {
    return now * 1000;
  }
};
const verifier = CognitoJwtVerifier.create({ userPoolId: pool, clientId: client, tokenUse: null });
verifier.cacheJwks(jwks);
const taken = (token) => {
  try {
    verifier.verifySync(token);
    return true;
  } catch {
    return false;
  }
};
console.log(JSON.stringify(tokens.map(taken)));
