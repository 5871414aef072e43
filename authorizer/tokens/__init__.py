"""From a token that a stranger sent to `Claims` that an issuer signed. `jwt` is imported nowhere else in Lambda.

::

    compact      text → JOSE header, claims, signature          (RFC 7515 §7.1; nothing believed yet)
    algorithms   name → type of key, verification               (public_keys: what a key must be)
    keystore     issuer, `kid` → public key                     (fetch, proxy; jwk: what a key set must be)
    signature    key, compact → does the one fit the other?
    claims_set   payload → ClaimsSet, typed                     (settings.kinds: where each issuer puts what)
    checks       ClaimsSet, Issuer, time → nothing, or refusal
    verifier     the shell that runs them in this order, and remembers
"""
