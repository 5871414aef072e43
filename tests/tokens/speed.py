"""What verifying costs against one raw RSA-2048 verification, in one run: ``python -m tests.tokens.speed``.

The best of many short rounds that take turns, so that what else the machine does falls on all three alike.
"""

import asyncio
import gc
import time

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from rich.console import Console
from rich.progress import track
from rich.table import Table

from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import KEYS, NOW, access_claims, issuers, mint, no_network
from tests.tokens.rsa_keys import private_key, signature

TOKENS, ROUNDS, REPEATS = 20, 500, 200


async def measure() -> dict[str, float]:
    """Seconds for one of each kind."""
    tokens = [mint(access_claims(jti=str(number))) for number in range(TOKENS)]
    key, padding, digest = private_key().public_key(), PKCS1v15(), SHA256()
    parts = [token.rpartition(".")[0].encode() for token in tokens]
    signed = [(signature(part), part) for part in parts]
    best: dict[str, float] = {}

    def note(what: str, began: float, count: int) -> None:
        best[what] = min(best.get(what, 1.0), (time.process_time() - began) / count)

    gc.disable()
    for _ in track(range(ROUNDS), "measuring"):
        began = time.process_time()
        for signature_octets, part in signed:
            key.verify(signature_octets, part, padding, digest)
        note("raw", began, TOKENS)
        verifier = Verifier(issuers(), KEYS, fetch=no_network)
        began = time.process_time()
        for token in tokens:
            await verifier.verify(token, NOW, PATIENT)
        note("new", began, TOKENS)
        began = time.process_time()
        for _ in range(REPEATS):
            await verifier.verify(token, NOW, PATIENT)
        note("repeated", began, REPEATS)
    return best


def main() -> None:
    best = asyncio.run(measure())
    table = Table("what", "µs", "of a raw verification")
    for what, seconds in best.items():
        table.add_row(what, f"{seconds * 1e6:.1f}", f"{seconds / best['raw']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
