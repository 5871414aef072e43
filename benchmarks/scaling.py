"""The cost of a decision, and of loading, as the configuration grows."""

import itertools
import shutil
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from authorizer.gate.proof import ALL_ROLES, prove_settings
from authorizer.settings.load import COMPILED, load
from authorizer.tokens.verifier import Verifier
from benchmarks.scene import Scene, write_events
from benchmarks.table import Row, best_of
from benchmarks.worker import Worker

SMALL, LARGE = 10, 1000
TENANTS = 1000
USERS = 20
TOKENS = 1600
BATCH = 50
FEW_TEMPLATES = 10
MORE_TEMPLATES = {100: None, 300: 2.0}
"""How many, and what each may cost in relation to one of a few."""
TEMPLATE = """\
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": "arn:aws:s3:::own-NUMBER/tenants/{{ tenant }}/*"
    }
  ]
}
"""
MARKER = 'token_use  = ["id", "access"]\n'
"""The end of the bundled [[issuers]] table."""


def rows(scene: Scene, rounds: int) -> Iterator[Row]:
    events = [scene.event(40_000 + number % USERS, number // USERS) for number in range(TOKENS)]
    file = write_events(scene.folder / "scaling.json", events)
    few, many = _seconds(scene, file, rounds, _grown(scene, SMALL), _grown(scene, LARGE))
    yield Row(
        key="scaling",
        what=f"a decision with {LARGE:,} scopes, groups and routes, new token",
        peer=f"itself with {SMALL}",
        unit="µs",
        ours=many * 1e6,
        theirs=few * 1e6,
        target=1.5,
    )
    one, thousand = scene.policies / "access.toml", _with_tenants(scene, TENANTS)
    few, many = _seconds(scene, file, rounds, one, thousand)
    yield Row(
        key="issuers",
        what=f"a decision with {TENANTS:,} tenants' user pools, new token",
        peer="itself with one issuer",
        unit="µs",
        ours=many * 1e6,
        theirs=few * 1e6,
        target=1.1,
    )
    yield Row(
        key="issuers-load",
        what=f"loading {TENANTS:,} tenants' user pools, wall clock",
        peer="a second",
        unit="ms",
        ours=min(_loading(scene, thousand) for _ in range(min(rounds, 5))) * 1e3,
        theirs=1e3,
        target=1.0,
    )
    yield Row(
        key="issuers-memory",
        what=f"what {TENANTS:,} tenants' user pools take in memory, key sets not yet fetched",
        peer="one issuer",
        unit="KiB",
        ours=_bytes(scene, thousand) / 1024,
        theirs=_bytes(scene, one) / 1024,
        target=None,
    )
    yield from _proving(scene, rounds)


def _proving(scene: Scene, rounds: int) -> Iterator[Row]:
    """Templates that keep tenants apart, each with a role of its own: proven alone, by role and among all roles."""
    few = min(_proven(scene, FEW_TEMPLATES) for _ in range(min(rounds, 3))) / FEW_TEMPLATES
    for count, target in MORE_TEMPLATES.items():
        yield Row(
            key=f"prove-{count}",
            what=f"to prove the policies of {count} templates, for each of them",
            peer=f"itself with {FEW_TEMPLATES}",
            unit="ms",
            ours=_proven(scene, count) / count * 1e3,
            theirs=few * 1e3,
            target=target,
        )


def _proven(scene: Scene, count: int) -> float:
    """CPU seconds, with nothing remembered of a proof before."""
    file = scene.folder / f"templates-{count}" / "access.toml"
    access = load(file if file.is_file() else _with_templates(scene, count), scene.environment)
    names = [f"own-{number}" for number in range(count)]
    for module in list(sys.modules.values()):
        for function in list(vars(module).values()) if module.__name__.startswith("authorizer.") else ():
            if hasattr(function, "cache_clear"):
                function.cache_clear()
    began = time.process_time()
    proofs = prove_settings(access, [*names, ALL_ROLES.partition(" ")[2]])
    took = time.process_time() - began
    if wrong := [proof.subject for proof in proofs if proof.verdict != "PROVEN"]:
        raise RuntimeError(f"not proven: {wrong}")
    return took


def _seconds(scene: Scene, file: Path, rounds: int, small: Path, large: Path) -> tuple[float, float]:
    """CPU of one decision under the one configuration and the other, measured by turns."""
    with (
        Worker("ours", file, scene, {"AUTHORIZER_ACCESS": str(small)}) as few,
        Worker("ours", file, scene, {"AUTHORIZER_ACCESS": str(large)}) as many,
    ):

        def measured(worker: Worker) -> float:
            start = next(starts[worker])
            return worker.tell("run", start, start + BATCH)["cpu"] / BATCH

        starts = {worker: itertools.cycle(range(USERS, TOKENS - BATCH, BATCH)) for worker in (few, many)}
        for worker in (few, many):
            worker.tell("run", 0, USERS)
        few_seconds, many_seconds = best_of(rounds, lambda: measured(few), lambda: measured(many))
    return few_seconds, many_seconds


def _loading(scene: Scene, access: Path) -> float:
    begun = time.perf_counter()
    settings = load(access, scene.environment).settings
    Verifier(settings.issuers, settings.keys)
    return time.perf_counter() - begun


def _bytes(scene: Scene, access: Path) -> int:
    tracemalloc.start()
    try:
        settings = load(access, scene.environment).settings
        verifier = Verifier(settings.issuers, settings.keys)
        held = tracemalloc.get_traced_memory()[0]
        del settings, verifier
        return held
    finally:
        tracemalloc.stop()


def _grown(scene: Scene, count: int) -> Path:
    """A configuration with `count` more scopes, groups and routes."""
    access = _copied(scene, f"policies-{count}")
    scopes = "\n".join(f'"more:{number}" = ["GET /more/{number}"]' for number in range(count))
    groups = "\n".join(
        f'[groups.more-{number}]\nrole = "viewer"\nscopes = ["more:{number}"]' for number in range(count)
    )
    text = access.read_text().replace("[scopes]\n", f"[scopes]\n{scopes}\n")
    access.write_text(f"{text}\n{groups}\n")
    return access


def _with_tenants(scene: Scene, count: int) -> Path:
    """A configuration with a user pool for each of `count` tenants, beside its own."""
    access = _copied(scene, f"tenants-{count}")
    pools = "\n".join(
        f'  {{ user_pool = "eu-west-1_Tenant{number:04}", client_ids = ["client{number:04}"], '
        f'fixed_claims = {{ tenant = "tenant-{number:04}" }} }},'
        for number in range(count)
    )
    may = '{ roles = ["viewer"], groups = ["viewers"], scopes = ["data:read"], claims = { client = "any" } }'
    tenants = f'[[issuers]]\ntoken_use = ["access"]\nspeaks_for = {may}\npools = [\n{pools}\n]\n'
    text = access.read_text()
    assert MARKER in text
    access.write_text(text.replace(MARKER, f'{MARKER}speaks_for = "any"\n{tenants}', 1))
    return access


def _with_templates(scene: Scene, count: int) -> Path:
    """A configuration of `count` more templates and roles."""
    access = _copied(scene, f"templates-{count}")
    (access.parent / "templates" / COMPILED).unlink(missing_ok=True)  # of those alone that the bundle brought
    text = access.read_text()
    roles = ""
    for number in range(count):
        (access.parent / "templates" / f"own-{number}.json.j2").write_text(
            TEMPLATE.replace("NUMBER", str(number))
        )
        text = text.replace("[policies]\n", f'[policies]\nown-{number} = {{ isolates = "tenant" }}\n', 1)
        roles += (
            f'[roles.own-{number}]\narn = "arn:aws:iam::123456789012:role/own-{number}"\n'
            f'policies = ["own-{number}"]\nsession_tags = {{ tenant = "tenant" }}\n'
        )
    access.write_text(f"{text}\n{roles}")
    return access


def _copied(scene: Scene, name: str) -> Path:
    folder = scene.folder / name
    shutil.copytree(scene.policies, folder)
    return folder / "access.toml"
