"""A known user's token: verification alone, and the whole decision, against one raw RSA-2048 verification."""

import itertools
import json
import os
import shutil
import subprocess
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.scene import Scene, write_events
from benchmarks.table import Row, Skipped, best_of
from benchmarks.worker import Worker

USERS = 40
TOKENS = 2200
"""More than any memory of tokens here holds, so that a token that comes round again is new again."""
BATCH = 100
RAW = "raw RSA-2048 verification"


def rows(scene: Scene, rounds: int) -> Iterator[Row | Skipped]:
    events = [scene.event(number % USERS, number // USERS) for number in range(TOKENS)]
    tokens = [event["authorizationToken"].removeprefix("Bearer ") for event in events]
    file = write_events(scene.folder / "known.json", events)
    with Worker("ours", file, scene) as ours:
        ours.tell("run", 0, USERS)  # everybody has credentials from here on
        starts = itertools.cycle(range(USERS, TOKENS - BATCH, BATCH))

        def new() -> float:
            start = next(starts)
            return ours.tell("run", start, start + BATCH)["cpu"] / BATCH

        def repeated() -> float:
            ours.tell("run", 0, 1)
            return ours.tell("repeat", 0, BATCH * 5)["cpu"] / (BATCH * 5)

        def verification() -> float:
            start = next(starts)
            return ours.tell("verify", start, start + BATCH)["cpu"] / BATCH

        raw, new_seconds, repeated_seconds, verified, pyjwt, joserfc_seconds = best_of(
            rounds,
            _raw(scene, tokens),
            new,
            repeated,
            verification,
            _pyjwt(scene, tokens),
            _joserfc(scene, tokens),
        )

    def row(key: str, what: str, seconds: float, target: float | None) -> Row:
        return Row(
            key=key, what=what, peer=RAW, unit="µs", ours=seconds * 1e6, theirs=raw * 1e6, target=target
        )

    yield row("new_token", "warm, new token of a known user", new_seconds, 4)
    yield row("repeated_token", "warm, repeated token", repeated_seconds, 1)
    yield row("pyjwt", "for comparison: jwt.decode alone", pyjwt, None)
    yield row("joserfc", "for comparison: joserfc's decode and validate alone", joserfc_seconds, None)
    node = _aws_jwt_verify(scene, tokens, raw)
    yield node

    def alone(key: str, peer: str, theirs: float, target: float) -> Row:
        return Row(
            key=key, what="verification alone, every check", peer=peer, unit="µs", ours=verified * 1e6, theirs=theirs,
            target=target,
        )  # fmt: skip

    yield alone("verification", "jwt.decode, with fewer checks", pyjwt * 1e6, 0.5)
    if isinstance(node, Row):
        yield alone("verification_node", "aws-jwt-verify on Node", node.ours, 1.2)


def _timed(step: Callable[[str], Any], tokens: list[str]) -> Callable[[], float]:
    """CPU seconds for one token."""
    batches = itertools.cycle(range(0, len(tokens) - BATCH, BATCH))

    def measure() -> float:
        start = next(batches)
        began = time.process_time()
        for token in tokens[start : start + BATCH]:
            step(token)
        return (time.process_time() - began) / BATCH

    return measure


def _raw(scene: Scene, tokens: list[str]) -> Callable[[], float]:
    key = jwt.PyJWKSet.from_json(scene.issuer.jwks()).keys[0].key
    padding, digest = PKCS1v15(), SHA256()
    parts = {}
    for token in tokens:
        signed, _, signature = token.rpartition(".")
        parts[token] = urlsafe_b64decode(signature + "=="), signed.encode()
    return _timed(lambda token: key.verify(*parts[token], padding, digest), tokens)


def _pyjwt(scene: Scene, tokens: list[str]) -> Callable[[], float]:
    key = jwt.PyJWKSet.from_json(scene.issuer.jwks()).keys[0].key
    options: Any = {"require": ["exp", "iat", "sub"], "verify_aud": False}
    return _timed(
        lambda token: jwt.decode(token, key, algorithms=["RS256"], issuer=scene.issuer.iss, options=options),
        tokens,
    )


def _joserfc(scene: Scene, tokens: list[str]) -> Callable[[], float]:
    keys = joserfc.jwk.KeySet.import_key_set(json.loads(scene.issuer.jwks()))
    claims = joserfc.jwt.JWTClaimsRegistry(iss={"essential": True, "value": scene.issuer.iss})
    return _timed(
        lambda token: claims.validate(joserfc.jwt.decode(token, keys, algorithms=["RS256"]).claims), tokens
    )


NODE = """
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const fs = require("fs");
const { jwks, pool, client, tokens } = JSON.parse(fs.readFileSync(process.argv[2]));
const verifier = CognitoJwtVerifier.create({ userPoolId: pool, clientId: client, tokenUse: "id" });
verifier.cacheJwks(jwks);
let best = Infinity;
for (let round = 0; round < 20; round++) {
  const began = process.cpuUsage();
  for (const token of tokens) verifier.verifySync(token);
  const used = process.cpuUsage(began);
  best = Math.min(best, (used.user + used.system) / tokens.length);
}
console.log(best);
"""


def _aws_jwt_verify(scene: Scene, tokens: list[str], raw: float) -> Row | Skipped:
    key, what = "aws_jwt_verify", "for comparison: aws-jwt-verify on Node alone"
    if not (shutil.which("node") and shutil.which("npm")):
        return Skipped(key=key, what=what, reason="node and npm are not installed")
    with TemporaryDirectory() as name:
        folder = Path(name)
        installed = subprocess.run(
            ["npm", "install", "--no-save", "--no-package-lock", "--silent", "aws-jwt-verify@5"],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "npm_config_update_notifier": "false"},
        )
        if installed.returncode:
            return Skipped(key=key, what=what, reason="npm cannot install aws-jwt-verify here")
        (folder / "run.js").write_text(NODE)
        given = {
            "jwks": json.loads(scene.issuer.jwks()),
            "pool": scene.environment["USER_POOL_ID"],
            "client": scene.environment["APP_CLIENT_ID"],
            "tokens": tokens[:200],
        }
        (folder / "given.json").write_text(json.dumps(given))
        ran = subprocess.run(
            ["node", "run.js", "given.json"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode:
            return Skipped(key=key, what=what, reason=f"node: {ran.stderr.strip().splitlines()[-1]}")
    return Row(key=key, what=what, peer=RAW, unit="µs", ours=float(ran.stdout), theirs=raw * 1e6, target=None)
