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
        *("identity/filling", "identity/globs", "identity/permit", "identity/resolve", "identity/roles", "memory"),
    ),
    "settings": (
        "settings/holes",
        *("settings/authority", "settings/callers", "settings/causes"),
        *("settings/coherence", "settings/format_text", "settings/issuers", "settings/kinds", "settings/limits"),
        *("settings/load", "syntax/places", "settings/reader", "settings/roles", "settings/routes"),
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
        *("engine/template/commas", "engine/template/parts", "engine/template/unclosed"),
        *("engine/template/judge", "engine/template/lengths", "engine/template/loops", "engine/template/places"),
        *("engine/template/prepared", "engine/template/program", "engine/template/run", "engine/template/template"),
        *("engine/evaluate/conditions", "engine/evaluate/evaluate", "engine/evaluate/patterns"),
        *("engine/check/keys", "engine/prove/role_policy"),
    ),
    "vending": (
        *("vending/cache", "vending/entry", "vending/failures", "vending/lifetime", "vending/request"),
        *("vending/seats", "vending/session_name", "vending/shared", "vending/shares", "vending/sts"),
        *("vending/vendor", "vending/query"),
        *("sealing/context", "sealing/keys", "sealing/seal", "sealing/sealer", "sealing/sealers"),
        *("aws/blocking", "aws/https", "aws/hush", "deployment/key_access"),
    ),
    "backend": (
        *("backend/__init__", "backend/assuming", "backend/event", "backend/native", "backend/opening"),
        *("backend/readings", "backend/renewing"),
    ),
    "signin": (
        *("signin/alone", "signin/attempt", "signin/discovery", "signin/keeping", "signin/listener", "signin/own"),
        *("signin/session", "signin/tokens", "signin/web"),
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
        *("tests/test_deadline.py", "tests/test_counters.py", "tests/test_own.py", "tests/runtime/"),
    ),
    "gateway": ("tests/gateway/",),
    "tokens": ("tests/tokens/", "tests/syntax/"),
    "identity": ("tests/identity/", "tests/test_memory.py"),
    "settings": ("tests/settings/",),
    "render": ("tests/engine/", "tests/test_render.py"),
    "vending": ("tests/vending/",),
    "backend": ("tests/backend/",),
    "signin": ("tests/signin/",),
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
    "capacity": "a model of a load: it drives the vendor, and decides nothing",
    "cli": "a laptop's command: it prints what the rooms decide",
    "deployed": "reads files on a laptop: tests/deployed plants faults and asks for each",
    "deployment/alarms": "a table of what is watched",
    "deployment/cloudformation": "writes a template, which an administrator deploys",
    "deployment/output": "says which files a deployment has",
    "deployment/plan": "what a template is made of",
    "deployment/standins": "what a template is made of",
    "deployment/steps": "tells how a template is deployed",
    "deployment/revocation": "prints the policies that an administrator applies",
    "deployment/terraform": "writes a configuration, which an administrator deploys",
    "deployment/trust": "prints the policies that an administrator applies",
    "engine/__init__": "the front door",
    "engine/check/__init__": "the front door",
    "engine/check/asked": "judges a question from the command line",
    "engine/check/case_file": "a team's own tests of its policies",
    "engine/check/cases": "a team's own tests of its policies",
    "engine/check/coverage": "reports on a team's cases",
    "engine/check/layout": "how a template is laid out; it compares what it says before and after",
    "engine/check/lint": "advice about templates that load",
    "engine/check/reference": "advice about templates that load",
    "engine/check/routes": "a team's own tests of its routes",
    "engine/check/services": "advice about templates that load",
    "engine/check/surroundings": "a team's own tests of its policies",
    "engine/check/overlap": "advice about templates that load",
    "engine/check/actions": "advice about templates that load",
    "engine/check/conditions": "advice about templates that load",
    "engine/document/__init__": "the front door",
    "engine/document/inside": "a table for the prover: which names lie inside others",
    "engine/evaluate/__init__": "the front door",
    "engine/evaluate/explain": "reports on an evaluation",
    "engine/language/__init__": "the front door",
    "engine/prove/__init__": "the front door",
    "engine/prove/allows": "the prover",
    "engine/prove/answers": "says who may: held to everybody in small configurations by tests/gate/test_who_can.py",
    "engine/prove/askers": "says who may: held to everybody in small configurations by tests/gate/test_who_can.py",
    "engine/prove/automaton": "the prover, held to brute force and to cvc5 by `make prove-differential`",
    "engine/prove/changes": "reports on two versions of a policy",
    "engine/prove/confirmation": "the prover",
    "engine/prove/containment": "the prover",
    "engine/prove/crowd": "the prover",
    "engine/prove/diff": "reports on two versions of a policy",
    "engine/prove/groups": "reports on two versions of a policy",
    "engine/prove/fits": "says who may: held to everybody in small configurations by tests/gate/test_who_can.py",
    "engine/prove/found": "says who may: held to everybody in small configurations by tests/gate/test_who_can.py",
    "engine/prove/implication": "the prover",
    "engine/prove/inclusion": "the prover",
    "engine/prove/inside": "the prover",
    "engine/prove/leaving": "the prover",
    "engine/prove/names": "words for a witness",
    "engine/prove/proof": "the prover",
    "engine/prove/prove": "the prover",
    "engine/prove/reasons": "words for a verdict",
    "engine/prove/saved": "writes a leak down as a case",
    "engine/prove/separation": "the prover",
    "engine/prove/shared": "the prover",
    "engine/prove/sides": "the prover",
    "engine/prove/solve": "the prover",
    "engine/prove/somebody": "guesses that the evaluator confirms",
    "engine/prove/splitting": "the prover, held to random users and requests by tests/gate/test_split.py",
    "engine/prove/symbolic": "the prover",
    "engine/prove/tags": "the prover",
    "engine/prove/texts": "the prover",
    "engine/prove/users": "the prover",
    "engine/prove/variables": "the prover",
    "engine/prove/ways": "says who may: held to everybody in small configurations by tests/gate/test_who_can.py",
    "engine/prove/wider": "the prover",
    "engine/prove/without": "the prover",
    "engine/prove/witness": "the prover",
    "engine/smt/__init__": "the front door",
    "engine/smt/export": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/keys": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/paths": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/script": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/spared": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/tags": "writes the prover's questions down, for cvc5 to answer",
    "engine/smt/terms": "writes the prover's questions down, for cvc5 to answer",
    "engine/template/__init__": "the front door",
    "errors": "classes and their texts: tests/test_runtime.py holds each to its family",
    "gate": "reports on configurations that load",
    "client": "a caller's own program: it asks, and decides nothing",
    "own_handler": "puts the parts together when Lambda imports it: tests/runtime does that in processes of their own",
    "handler": "puts the parts together when Lambda imports it: tests/runtime does that in processes of their own",
    "library": "templates to copy: tests/library proves each, and breaks each by the mistake that its service invites",
    "local_aws": "a laptop's AWS: its isolation and the attacks on it have tests of their own",
    "local": "a laptop's issuer and AWS",
    "local_gateway": "a laptop's API Gateway: tests/local_gateway asks it what AWS's pages say",
    "model": "values without behaviour",
    "pytest_fixtures": "for tests of backends",
    "schemas": "for editors: tests/schemas holds them to the readers, key by key",
    "settings/readers": "what schemas are made of: tests/schemas holds them to the readers, key by key",
    "startup": "how libraries are loaded",
}
"""Modules or whole folders that no mutant is made of, each with the reason."""


UNTRIED: Final[frozenset[str]] = frozenset()
"""Modules that moved or changed since their checks were last tried one by one, each with its tests written."""


def room_of(module: str) -> str:
    """The room of a guarded module."""
    return next(room for room, modules in ROOMS.items() if module in modules)
