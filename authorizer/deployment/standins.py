"""A stand-in for each `env:` name of an access.toml, so that a deployment can be generated before its values are known.

Each name is given a value of the form that its place in access.toml asks for, with which the file loads. Whatever is
then generated names the value's parameter where the stand-in stood (`resolve`). Nothing of it is ever deployed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ENVIRONMENT = "env:"
Path = tuple[str | int, ...]

ACCOUNT: Final = frozenset({"ACCOUNT_ID", "AWS_ACCOUNT_ID"})
PARTITION: Final = frozenset({"PARTITION", "AWS_PARTITION"})
REGION: Final = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
"""Lambda sets these itself, and takes no others of their names (Lambda Developer Guide, "Defined runtime environment
variables")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a stand-in stands for."""

    kind: str
    """`parameter`, `pool-region` (of the pool that a parameter names), `role` (its ARN), `account`, `partition`,
    `region`, `execution-role`, `function` (its name), `credentials-role` and `credentials-function` (of `GET
    /credentials`), `table` (its name)."""
    name: str = ""
    """Of the `env:` variable, or of the role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One `env:` name."""

    name: str
    kind: str
    """A row of `KINDS`: what a value of it looks like."""
    value: str
    markers: Mapping[str, Reference]
    """Texts of which the value is made → what they stand for."""


def kind_of(path: Path) -> str | None:
    """The kind of value that a place of access.toml takes; None where it is none of which there are stand-ins."""
    shown = ".".join("*" if isinstance(part, int) else part for part in path)
    return next((kind for pattern, kind in PLACES if re.fullmatch(pattern, shown)), None)


PLACES: Final[tuple[tuple[str, str], ...]] = (
    # Place in access.toml → kind.
    (r"issuers\.\*(\.pools\.\*)?\.user_pool", "pool"),
    (r"issuers\.\*(\.pools\.\*)?\.(issuer|jwks_uri)", "url"),
    (r"issuers\.\*(\.pools\.\*)?\.client_ids\.\*", "client"),
    (r"issuers\.\*\.audiences\.\*", "text"),
    (r"variables\.[^.]+", "text"),
    (r"roles\.[^.]+\.arn", "role"),
    (r"roles\.[^.]+\.external_id", "secret"),
    (r"rules\.\*\.value", "text"),
    (r"gateway\.result_ttl", "ttl"),
    (r"gateway\.response", "response"),
    (r"(private_)?sealing\.keys", "keys"),
    (r"shared_cache\.table", "table"),
    (r"shared_cache\.region", "text"),
)


def names(tables: object, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every `env:` name in the parsed file with its place, in the file's order."""
    if isinstance(tables, str) and tables.startswith(ENVIRONMENT):
        yield tables.removeprefix(ENVIRONMENT), path
    elif isinstance(tables, dict):
        for key, value in tables.items():
            yield from names(value, (*path, key))
    elif isinstance(tables, list):
        for index, value in enumerate(tables):
            yield from names(value, (*path, index))


def stand_ins(tables: Mapping[str, Any]) -> dict[str, StandIn]:
    """Name → its stand-in, by its first place; a name in a place of which there is none is left out."""
    found: dict[str, StandIn] = {}
    for name, path in names(tables):
        kind = kind_of(path)
        if name not in found and kind is not None:
            role = str(path[1]) if kind == "role" else ""
            sealed = tables[str(path[0])].get("source", "environment") if kind == "keys" else ""
            found[name] = _stand_in(name, kind, len(found), role=role, sealed=sealed)
    return found


def _stand_in(name: str, kind: str, number: int, *, role: str, sealed: str) -> StandIn:
    word = marker(number)
    own = Reference(kind="parameter", name=name)
    known = next((kind for kind, known in _KNOWN.items() if name in known), None)
    if kind == "text" and known is not None:
        return StandIn(name=name, kind=known, value=word, markers={word: Reference(kind=known)})
    if kind == "role":
        arn = f"arn:aws:iam::000000000000:role/{word}"
        return StandIn(name=name, kind=kind, value=arn, markers={arn: Reference(kind="role", name=role)})
    if kind == "pool":
        region = f"zz-{marker(number)}-1"
        pool = f"{region}_{word}"
        parts = {pool: own, region: Reference(kind="pool-region", name=name)}
        return StandIn(name=name, kind=kind, value=pool, markers=parts)
    if kind == "keys":
        value = f"arn:{word}" if sealed == "secretsmanager" else word  # a secret is named by its ARN
        return StandIn(name=name, kind=f"{sealed} keys", value=value, markers={value: own})
    if kind == "table":
        return StandIn(name=name, kind=kind, value=word, markers={word: Reference(kind="table")})
    value = _VALUES.get(kind, "{}").format(word)
    return StandIn(name=name, kind=kind, value=value, markers={value: own})


def marker(number: int) -> str:
    """A word that no access.toml has: letters alone, as every claim, name and ARN may have them, and none of them the
    beginning of another. In the order of their numbers, so that lists of ARNs keep theirs."""
    digits = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
    return f"zzq{digits}qzz"


_KNOWN: Final = {"account": ACCOUNT, "partition": PARTITION, "region": REGION}
_VALUES: Final = {"url": "https://{}.example", "ttl": "5m", "response": "policy"}


Part = str | Reference


def parts_of(text: str, markers: Mapping[str, Reference]) -> tuple[Part, ...]:
    """The text, cut where a stand-in stands: literal parts, and what is meant in between."""
    longest_first = "|".join(re.escape(mark) for mark in sorted(markers, key=len, reverse=True))
    cut = re.split(f"({longest_first})", text)
    return tuple(markers.get(part, part) for part in cut if part)


def resolve(
    document: Any, markers: Mapping[str, Reference], written: Callable[[tuple[Part, ...]], Any]
) -> Any:
    """The document with every text that has a stand-in in it `written` anew; all other texts stay."""
    if isinstance(document, Mapping):
        return {key: resolve(value, markers, written) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [resolve(value, markers, written) for value in document]
    if not isinstance(document, str):
        return document
    parts = parts_of(document, markers)
    return document if all(isinstance(part, str) for part in parts) else written(parts)
