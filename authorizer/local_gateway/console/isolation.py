"""Panel 11: what of each policy is proven: PROVEN, LEAK with its two users, UNKNOWN."""

import asyncio
from hashlib import sha256
from typing import Any, Final

from authorizer.gate import plain_proof, prove_settings
from authorizer.local_gateway.console.background import in_background
from authorizer.local_gateway.written import Written

KEPT: Final = 8
"""Configurations whose proofs are remembered, by content."""


class Isolation:
    """Proves each configuration once, however often it is asked and by how many pages."""

    def __init__(self) -> None:
        self._proofs: dict[str, asyncio.Task[list[dict[str, Any]]]] = {}

    async def of(self, written: Written) -> list[dict[str, Any]]:
        """The proof of each policy and role, as `authorizer policy prove --json` prints them."""
        key = digest(written)
        task = self._proofs.get(key)
        if task is None:
            while len(self._proofs) >= KEPT:
                self._proofs.pop(next(iter(self._proofs)))
            task = self._proofs[key] = asyncio.create_task(in_background(lambda: _proofs(written)))
        return await asyncio.shield(task)


def digest(written: Written) -> str:
    """Of all that a proof reads: the settings' text, what it takes from the environment, and the templates."""
    settings = written.access.settings
    roles = sorted((role.name, role.arn) for role in settings.roles.values())
    read = (
        written.source,
        sorted(settings.variables.items()),
        sorted(settings.template_sources.items()),
        roles,
    )
    return sha256(repr(read).encode()).hexdigest()


def _proofs(written: Written) -> list[dict[str, Any]]:
    return [plain_proof(proof, written.access.settings) for proof in prove_settings(written.access)]
