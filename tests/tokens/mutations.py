"""A valid token, spoiled in every way that is known: nothing but the untouched token may yield claims.

A hundred thousand of them: ``python -m tests.tokens.mutations --count 100000 --seed 1`` (`make mutations`).
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import sys
from base64 import b64encode, urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.progress import track
from rich.table import Table

from authorizer.errors import Unauthorized
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import (
    CLIENT,
    KEYS,
    KID,
    NOW,
    access_claims,
    base64url,
    id_claims,
    issuer,
    issuers,
    jwk,
    key_set,
    machine_claims,
    mint,
    signed,
)
from tests.tokens.rsa_keys import private_key, signature

HEADER: Final = {"kid": KID, "alg": "RS256"}
GENUINE: Final = (id_claims(), access_claims(), machine_claims())
TOKENS: Final = tuple(mint(claims) for claims in GENUINE)
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HOSTILE: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1e308, 2**63),
    *("", " ", "*", "null", "\0", "\ud800"),
    *([], [None], [[]], {}, {"a": 1}),
)
PUBLIC_PEM: Final = private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def octets(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def some(random: Random) -> tuple[str, list[str], dict[str, object]]:
    which = random.randrange(len(TOKENS))
    return TOKENS[which], TOKENS[which].split("."), dict(GENUINE[which])


def flip_a_bit_of_the_text(random: Random) -> str:
    token, _, _ = some(random)
    at = random.randrange(len(token))
    return token[:at] + chr(ord(token[at]) ^ 1 << random.randrange(8)) + token[at + 1 :]


def flip_a_bit_of_the_octets(random: Random) -> str:
    _, parts, _ = some(random)
    which = random.randrange(3)
    spoiled = bytearray(octets(parts[which]))
    spoiled[random.randrange(len(spoiled))] ^= 1 << random.randrange(8)
    parts[which] = base64url(bytes(spoiled))
    return ".".join(parts)


def edit_the_text(random: Random) -> str:
    token, _, _ = some(random)
    at, length = random.randrange(len(token)), random.randrange(1, 5)
    inserted = "".join(random.choices(ALPHABET + ".=+/ \n\t\0é", k=random.randrange(4)))
    return token[:at] + inserted + token[at + (length if random.random() < 0.7 else 0) :]


def swap_parts(random: Random) -> str:
    _, parts, _ = some(random)
    other = some(random)[1]
    pool = [*parts, *other, "", base64url(b"{}")]
    return ".".join(random.choices(pool, k=random.choice((1, 2, 3, 3, 3, 3, 4, 5))))


def encode_otherwise(random: Random) -> str:
    """The same octets in another text: one of several spellings that a careless reader takes."""
    _, parts, _ = some(random)
    which = random.randrange(3)
    part = parts[which]
    at = random.randrange(len(part))
    last = ALPHABET.index(part[-1])
    spellings = [
        part + "=" * random.randrange(1, 4),
        b64encode(octets(part)).decode(),
        part[:at] + random.choice(" \n\r\t!é") + part[at:],
        part[:-1] + ALPHABET[last ^ random.randrange(1, 1 << (len(part) * 6 % 8 or 1))],
        part + "A",
        octets(part).hex(),
    ]
    parts[which] = random.choice(spellings)
    return ".".join(parts)


def write_the_json_otherwise(random: Random) -> str:
    """The same claims in other octets, under the old signature."""
    _, parts, claims = some(random)
    names = list(claims)
    random.shuffle(names)
    text = random.choice(
        [
            json.dumps({name: claims[name] for name in names}),
            json.dumps(claims, indent=random.randrange(4)),
            json.dumps(claims, separators=(",", ":")),
            json.dumps(claims) + " " * random.randrange(1, 9),
            json.dumps(claims)[:-1] + f', "{random.choice(names)}": "{CLIENT}"}}',
        ]
    )
    parts[1] = base64url(text.encode())
    return ".".join(parts)


def change_a_claim(random: Random) -> str:
    """Under the old signature."""
    _, parts, claims = some(random)
    name = random.choice([*claims, "nbf", "admin"])
    claims[name] = random.choice([*HOSTILE, random.random(), f"{claims.get(name)}x", [claims.get(name)]])
    if random.random() < 0.2:
        del claims[name]
    parts[1] = base64url(json.dumps(claims).encode())
    return ".".join(parts)


def sign_with_another_key(random: Random) -> str:
    _, _, claims = some(random)
    claims["sub"] = f"attacker {random.randrange(200)}"
    stranger = random.choice(("stranger", "next"))
    changes: Mapping[str, object] = random.choice(
        [
            {},
            {"jwk": jwk(stranger)},
            {"jku": "https://evil.example/jwks.json"},
            {"x5u": "https://evil.example/cert", "x5c": ["MII"]},
            {"kid": f"random {random.randrange(100)}"},
            {"kid": "../../dev/null"},
            {"crit": ["jwk"], "jwk": jwk(stranger)},
        ]
    )
    return mint(claims, key=stranger, header=changes)


def ask_for_another_algorithm(random: Random) -> str:
    _, parts, _ = some(random)
    alg = random.choice(
        ["none", "None", "NONE", "HS256", "HS512", "RS384", "PS256", "ES256", "", "rs256", None, 0]
    )
    head = base64url(json.dumps({**HEADER, "alg": alg}).encode())
    text = f"{head}.{parts[1]}"
    tail = random.choice(
        [
            "",
            parts[2],
            base64url(hmac.digest(PUBLIC_PEM, text.encode(), hashlib.sha256)),
            base64url(hmac.digest(json.dumps(jwk()).encode(), text.encode(), hashlib.sha256)),
            base64url(signature(text.encode())),
        ]
    )
    return f"{text}.{tail}"


def spoil_the_signature(random: Random) -> str:
    _, parts, _ = some(random)
    number, modulus = int.from_bytes(octets(parts[2])), private_key().public_key().public_numbers().n
    made = random.choice(
        [
            b"",
            bytes(random.randrange(1, 512)),
            b"\xff" * random.randrange(1, 512),
            random.randbytes(random.randrange(1, 512)),
            octets(parts[2])[: random.randrange(256)],
            octets(parts[2]) + random.randbytes(random.randrange(1, 9)),
            bytes(random.randrange(1, 9)) + octets(parts[2]),
            (number + modulus).to_bytes(257),
            (modulus - number).to_bytes(256),
            modulus.to_bytes(256),
            (1).to_bytes(256),
        ]
    )
    return f"{parts[0]}.{parts[1]}.{base64url(made)}"


DECIDING: Final[Mapping[str, tuple[Any, ...]]] = {
    "exp": (None, True, "x", -1, [], {}, 0, NOW, 1e308, 2**70),
    "iat": (None, False, "x", -1, [], {}, NOW + 1, 2**70),
    "nbf": (None, True, "x", [], NOW + 1),
    "auth_time": (None, True, "x", [], {}),
    "iss": (None, 1, "", [], "https://evil.example"),
    "sub": (None, 1, "", [], {}, "x" * 256),
    "token_use": (None, 1, "", [], "refresh", "ID"),
    "cognito:groups": (None, "admins", [1], [None], {}, [""]),
}


def sign_what_no_issuer_says(random: Random) -> str:
    """The issuer's own key over a claim of the wrong type: a broken or tricked issuer."""
    _, _, claims = some(random)
    name = random.choice(list(DECIDING))
    claims[name] = random.choice(DECIDING[name])
    return mint(claims)


def sign_what_is_no_json_object(random: Random) -> str:
    _, _, claims = some(random)
    text = json.dumps(claims).encode()
    payload = random.choice(
        [
            text[: random.randrange(len(text))],
            b"[" + text + b"]",
            text + text,
            b"\xef\xbb\xbf" + text,
            text.decode().encode("utf-16"),
            text[:-1] + b', "exp": 9999999999}',
            text[:-1] + b', "x": NaN}',
            text[:-1] + b', "x": "\\ud800"}',
            text[:-1] + b', "x": "\xff"}',
            b"[" * random.randrange(1, 9_000),
            b"null",
        ]
    )
    return signed(json.dumps(HEADER).encode(), payload)


def grow(random: Random) -> str:
    token, _, _ = some(random)
    return token + random.choice(ALPHABET + ".=") * random.choice((1, 100, 20_000))


MUTATIONS: Final[tuple[Callable[[Random], str], ...]] = (
    flip_a_bit_of_the_text,
    flip_a_bit_of_the_octets,
    edit_the_text,
    swap_parts,
    encode_otherwise,
    write_the_json_otherwise,
    change_a_claim,
    sign_with_another_key,
    ask_for_another_algorithm,
    spoil_the_signature,
    sign_what_no_issuer_says,
    sign_what_is_no_json_object,
    grow,
)


def mutated(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """(name of the mutation, token), none of them a genuine token."""
    random = Random(seed)
    for number in range(count):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        token = mutate(random)
        while token in TOKENS:
            token = mutate(random)
        yield mutate.__name__, token


async def genuine_keys(uri: str, _: float) -> bytes:
    return key_set()


def verifier() -> Verifier:
    return Verifier(issuers(issuer(pinned_keys=None)), KEYS, fetch=genuine_keys)


async def run(tokens: Iterator[tuple[str, str]]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each mutation met each refusal; and the tokens that were taken, which must be none."""
    judge, outcomes, taken = verifier(), Counter[tuple[str, str]](), []
    for token in TOKENS:
        await judge.verify(token, NOW, PATIENT)
    for name, token in tokens:
        try:
            await judge.verify(token, NOW, PATIENT)
        except Unauthorized as refusal:
            outcomes[name, refusal.code] += 1
        else:
            taken.append(token)
    return outcomes, taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    console = Console()
    tokens = track(mutated(arguments.count, arguments.seed), "mutating", arguments.count, console=console)
    outcomes, taken = asyncio.run(run(iter(tokens)))
    table = Table("mutation", "refused as", "times")
    for (name, code), times in sorted(outcomes.items()):
        table.add_row(name.replace("_", " "), code, f"{times:,}")
    console.print(table)
    console.print(f"{sum(outcomes.values()):,} refused, {len(taken):,} taken (seed {arguments.seed})")
    return 1 if taken else 0


if __name__ == "__main__":
    sys.exit(main())
