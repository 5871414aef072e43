"""What is guarded: the modules that decide about authority, by room, and why the others are not among them."""

from collections.abc import Mapping
from typing import Final

ROOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": (
        *("connections", "metrics", "pipeline", "record", "runtime", "waiting/cooldown", "waiting/deadline"),
        *("own", "waiting/flights", "waiting/running"),
    ),
    "gateway": ("gateway/arns", "gateway/calls", "gateway/keyed", "gateway/parse", "gateway/respond"),
    "tokens": (
        "syntax/claim_path",
        *("tokens/algorithms", "tokens/base64url", "tokens/checks", "tokens/claims_set", "tokens/compact"),
        *("tokens/fetch", "tokens/jwk", "tokens/keystore", "tokens/memory", "tokens/proxy", "tokens/public_keys"),
        *("tokens/signature", "tokens/stored"),
        *("tokens/strict_json", "tokens/verifier", "tls", "syntax/json_text", "syntax/kinds", "syntax/nesting"),
        "syntax/toml_text",
    ),
    "identity": (
        *("identity/authority", "identity/claims"),
        *("identity/globs", "identity/permit", "identity/resolve", "identity/roles", "memory"),
    ),
    "settings": (
        *("settings/authority", "settings/callers"),
        *("settings/coherence", "settings/format_text", "settings/issuers", "settings/kinds", "settings/limits"),
        *("settings/load", "settings/places", "settings/reader", "settings/roles", "settings/routes"),
        *("settings/schema", "settings/sessions", "settings/vocabulary", "settings/walks"),
    ),
    "render": (
        *("render", "engine/language/claims", "engine/language/declaring", "engine/language/lists"),
        *("engine/template/binding", "engine/language/errors", "engine/language/escape"),
        *("engine/language/kinds", "engine/language/languages", "engine/language/partitions"),
        *("engine/language/placeholders",),
        *("engine/document/dates", "engine/document/document", "engine/document/names", "engine/document/operators"),
        *("engine/document/pack", "engine/document/reader", "engine/document/rules", "engine/document/sharing"),
        "engine/document/statement",
        *("engine/template/branches", "engine/template/compiled", "engine/template/holes", "engine/template/jinja"),
        *("engine/template/judge", "engine/template/lengths", "engine/template/loops", "engine/template/places"),
        *("engine/template/prepared", "engine/template/program", "engine/template/run", "engine/template/template"),
        *("engine/evaluate/conditions", "engine/evaluate/evaluate", "engine/evaluate/patterns"),
        *("engine/check/keys", "engine/prove/role_policy"),
    ),
    "vending": (
        *("vending/cache", "vending/entry", "vending/failures", "vending/lifetime", "vending/request"),
        *("vending/seats", "vending/session_name", "vending/shared", "vending/sts", "vending/vendor", "vending/query"),
        *("sealing/context", "sealing/keys", "sealing/seal", "sealing/sealer", "sealing/sealers"),
        *("aws/blocking", "aws/https", "aws/hush", "deployment/key_access"),
    ),
    "backend": (
        *("backend/__init__", "backend/assuming", "backend/event", "backend/native", "backend/opening"),
        *("backend/readings", "backend/renewing"),
    ),
}  # fmt: skip
"""Room → its modules, as files under `authorizer/` without the suffix."""

NEAR: Final[Mapping[str, tuple[str, ...]]] = {
    "decision": (
        *(
            "tests/test_runtime.py",
            "tests/test_record.py",
            "tests/test_connections.py",
            "tests/test_flights.py",
        ),
        *("tests/test_deadline.py", "tests/test_counters.py"),
    ),
    "gateway": ("tests/gateway/",),
    "tokens": ("tests/tokens/", "tests/syntax/"),
    "identity": ("tests/identity/",),
    "settings": ("tests/settings/",),
    "render": ("tests/engine/", "tests/test_render.py"),
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
    "assurance": "reports on configurations that load",
    "bundle": "makes the zip: tests/bundle runs what it makes",
    "cli": "a laptop's command: it prints what the rooms decide",
    "deployment/revocation": "prints the policies that an administrator applies",
    "deployment/trust": "prints the policies that an administrator applies",
    "engine/__init__": "the front door",
    "engine/check/__init__": "the front door",
    "engine/check/case_file": "a team's own tests of its policies",
    "engine/check/cases": "a team's own tests of its policies",
    "engine/check/coverage": "reports on a team's cases",
    "engine/check/lint": "advice about templates that load",
    "engine/check/reference": "advice about templates that load",
    "engine/check/services": "advice about templates that load",
    "engine/check/overlap": "advice about templates that load",
    "engine/check/actions": "advice about templates that load",
    "engine/check/conditions": "advice about templates that load",
    "engine/document/__init__": "the front door",
    "engine/evaluate/__init__": "the front door",
    "engine/evaluate/explain": "reports on an evaluation",
    "engine/language/__init__": "the front door",
    "engine/prove/__init__": "the front door",
    "engine/prove/allows": "the prover",
    "engine/prove/automaton": "the prover, held to brute force and to cvc5 by `make prove-differential`",
    "engine/prove/changes": "reports on two versions of a policy",
    "engine/prove/confirmation": "the prover",
    "engine/prove/containment": "the prover",
    "engine/prove/diff": "reports on two versions of a policy",
    "engine/prove/inclusion": "the prover",
    "engine/prove/proof": "the prover",
    "engine/prove/prove": "the prover",
    "engine/prove/saved": "writes a leak down as a case",
    "engine/prove/separation": "the prover",
    "engine/prove/shared": "the prover",
    "engine/prove/sides": "the prover",
    "engine/prove/solve": "the prover",
    "engine/prove/symbolic": "the prover",
    "engine/prove/users": "the prover",
    "engine/prove/wider": "the prover",
    "engine/prove/witness": "the prover",
    "engine/template/__init__": "the front door",
    "errors": "classes and their texts: tests/test_runtime.py holds each to its family",
    "gate": "reports on configurations that load",
    "client": "a caller's own program: it asks, and decides nothing",
    "own_handler": "puts the parts together when Lambda imports it: tests/runtime does that in processes of their own",
    "handler": "puts the parts together when Lambda imports it: tests/runtime does that in processes of their own",
    "library": "templates to copy: tests/library proves each, and breaks each by the mistake that its service invites",
    "local_aws": "a laptop's AWS: its isolation and the attacks on it have tests of their own",
    "local": "a laptop's issuer and AWS",
    "model": "values without behaviour",
    "startup": "how libraries are loaded",
}
"""Modules or whole folders that no mutant is made of, each with the reason."""


UNTRIED: Final = frozenset(
    {
        "connections",
        "pipeline",
        "record",
        "runtime",
        "own",
        "gateway/calls",
        "gateway/parse",
        "gateway/respond",
        "syntax/claim_path",
        "tokens/claims_set",
        "tokens/keystore",
        "tokens/verifier",
        "identity/authority",
        "identity/claims",
        "identity/permit",
        "identity/resolve",
        "identity/roles",
        "memory",
        "settings/authority",
        "settings/callers",
        "settings/coherence",
        "settings/issuers",
        "settings/load",
        "settings/places",
        "settings/reader",
        "settings/schema",
        "settings/vocabulary",
        "engine/language/claims",
        "engine/language/declaring",
        "engine/language/lists",
        "engine/template/binding",
        "engine/language/kinds",
        "engine/language/languages",
        "engine/language/placeholders",
        "engine/document/operators",
        "engine/document/rules",
        "engine/document/sharing",
        "engine/template/compiled",
        "engine/template/holes",
        "engine/template/jinja",
        "engine/template/judge",
        "engine/template/lengths",
        "engine/template/program",
        "engine/template/run",
        "engine/template/template",
        "engine/check/keys",
        "engine/prove/role_policy",
        "vending/failures",
        "vending/lifetime",
        "vending/request",
        "vending/seats",
        "vending/session_name",
        "vending/shared",
        "vending/vendor",
        "sealing/sealer",
        "backend/__init__",
        "backend/native",
        "backend/readings",
        "backend/renewing",
    }
)
"""Modules that moved or changed since their checks were last tried one by one, each with its tests written."""


def room_of(module: str) -> str:
    """The room of a guarded module."""
    return next(room for room, modules in ROOMS.items() if module in modules)
