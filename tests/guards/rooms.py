"""What is guarded: the modules that decide about authority, by room, and why the others are not among them."""

from collections.abc import Mapping
from typing import Final

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": ("connections", "deadline", "flights", "metrics", "pipeline", "record", "runtime"),
    "gateway": ("gateway/arns", "gateway/keyed", "gateway/parse", "gateway/respond"),
    "tokens": (
        *("tokens/base64url", "tokens/checks", "tokens/claims_set", "tokens/compact", "tokens/fetch", "tokens/jwk"),
        *("tokens/keystore", "tokens/kinds", "tokens/memory", "tokens/proxy", "tokens/signature", "tokens/stored"),
        *("tokens/strict_json", "tokens/verifier", "tls", "syntax/json_text", "syntax/nesting", "syntax/toml_text"),
    ),
    "identity": ("identity/globs", "identity/permit", "identity/resolve", "identity/roles"),
    "settings": (
        *("settings/coherence", "settings/format_text", "settings/limits", "settings/load", "settings/places"),
        *("settings/reader", "settings/schema", "settings/sections", "settings/walks"),
    ),
    "render": (
        *("render", "engine/claims", "engine/compiled", "engine/conditions", "engine/document", "engine/errors"),
        *("engine/escape", "engine/evaluate", "engine/holes", "engine/jinja", "engine/keys", "engine/loops"),
        *("engine/operators", "engine/pack", "engine/patterns", "engine/placeholders", "engine/places"),
        *("engine/program", "engine/role_policy", "engine/rules"),
        *("engine/run", "engine/statement", "engine/template"),
    ),
    "vending": (
        *("vending/cache", "vending/connections", "vending/context", "vending/cooldown", "vending/entry"),
        *("vending/failures", "vending/hush", "vending/key_papers", "vending/keys"),
        *("vending/lifetime", "vending/request", "vending/seal", "vending/sealer", "vending/session_name"),
        *("vending/shared", "vending/sts", "vending/vendor", "vending/wire"),
    ),
    "backend": (
        *("backend/__init__", "backend/assuming", "backend/event", "backend/native", "backend/opening"),
        *("backend/readings", "backend/renewing"),
    ),
}  # fmt: skip
"""Room → its modules, as files under `authorizer/` without the suffix."""

NEAR: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": ("tests/test_runtime.py", "tests/test_record.py"),
    "gateway": ("tests/gateway/",),
    "tokens": ("tests/tokens/",),
    "identity": ("tests/identity/",),
    "settings": ("tests/settings/",),
    "render": ("tests/engine/",),
    "vending": ("tests/vending/",),
    "backend": ("tests/backend/",),
}
"""Room → the tests that are asked first."""

FAR: Final = (
    *("tests/benchmarks/", "tests/bundle/", "tests/deploy/", "tests/guards/", "tests/s3/", "tests/soak/"),
)
"""Tests that are never asked: they run in processes of their own, for long, or break the code themselves."""

LEFT_OUT: Final[Mapping[str, str]] = {
    "__init__": "says nothing",
    "__main__": "starts the command",
    "bundle": "makes the zip: tests/bundle runs what it makes",
    "cli": "a laptop's command: it prints what the rooms decide",
    "engine/automaton": "the prover, held to brute force and to cvc5 by `make prove-differential`",
    "engine/cases": "a team's own tests of its policies",
    "engine/containment": "the prover",
    "engine/coverage": "reports on a team's cases",
    "engine/diff": "reports on two versions of a policy",
    "engine/explain": "reports on an evaluation",
    "engine/inclusion": "the prover",
    "engine/lint": "advice about templates that load",
    "engine/prove": "the prover",
    "engine/saved": "writes a leak down as a case",
    "engine/separation": "the prover",
    "engine/solve": "the prover",
    "engine/symbolic": "the prover",
    "engine/users": "the prover",
    "engine/witness": "the prover",
    "errors": "classes and their texts: tests/test_runtime.py holds each to its family",
    "handler": "puts the parts together when Lambda imports it: tests/runtime does that in processes of their own",
    "local": "a laptop's issuer and AWS",
    "model": "values without behaviour",
    "settings/lint": "advice about settings that load",
    "startup": "how libraries are loaded",
    "vending/papers": "prints the policies that an administrator applies",
    "vending/revocation": "prints the policies that an administrator applies",
}
"""Modules or whole folders that no mutant is made of, each with the reason."""


def room_of(module: str) -> str:
    """The room of a guarded module."""
    return next(room for room, modules in ROOMS.items() if module in modules)
