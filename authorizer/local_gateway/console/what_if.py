"""Panel 10: other texts of templates or of the settings: what this decision would have been, and who could do more."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from authorizer.engine.evaluate import AccessRequest
from authorizer.errors import SettingsError
from authorizer.gate import compare, plain_comparison
from authorizer.local_gateway.console.masking import source_meant, source_shown
from authorizer.local_gateway.console.rehearsal import rehearse
from authorizer.local_gateway.console.session_policy import session_policy
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.trying import judged
from authorizer.local_gateway.written import Written
from authorizer.record import Record
from authorizer.settings.load import KEY_SETS, read
from authorizer.settings.schema import Access
from authorizer.syntax.toml_text import TomlInvalid, parse_toml

SETTINGS: Final = "access.toml"
"""What the settings' own text is called among the texts that can be edited; all others are templates by name."""


def texts(written: Written) -> dict[str, str]:
    """What can be edited, without the secrets that are written into it."""
    return {SETTINGS: source_shown(written.source), **written.access.settings.template_sources}


def edited(
    written: Written, changed: Mapping[str, str], environment: Mapping[str, str], *, local: bool
) -> Written:
    """The configuration with these texts in place of its own; no file is written. With `local` every issuer is the
    local one. Raises `SettingsError` with every problem."""
    settings = written.access.settings
    if unknown := sorted(changed.keys() - texts(written).keys()):
        raise SettingsError([f"there is no text {unknown[0]!r}: expected {', '.join(texts(written))}"])
    source = source_meant(changed[SETTINGS], written.source) if SETTINGS in changed else written.source
    templates = {name: changed.get(name, text) for name, text in settings.template_sources.items()}
    try:
        tables = parse_toml(source)
    except TomlInvalid as error:
        raise SettingsError([f"{settings.place}:{error.place}: {error.cause}"]) from error
    access = read(
        tables,
        source=source,
        place=settings.place,
        templates=templates,
        environment=environment,
        key_sets=_key_sets(Path(settings.place)),
    )
    believed = believing(access, written.access) if local else access
    return Written(access=believed, source=source, apis=written.apis)


def _key_sets(access: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in (access.parent / KEY_SETS).glob("*.json")}


def believing(access: Access, now: Access) -> Access:
    """`access` with the keys of the issuer that mints here `now`: those of before a reload are gone."""
    first = next(iter(now.settings.issuers.values()))
    issuers = {
        iss: replace(entry, jwks_uri=first.jwks_uri, pinned_keys=None, algorithm=first.algorithm)
        for iss, entry in access.settings.issuers.items()
    }
    return Access(replace(access.settings, issuers=issuers), access.templates)


def verdict(shown: Shown, new: Written, asked: AccessRequest | None) -> dict[str, Any] | None:
    """What the decision would have been, at the time when it was made, and whether its caller could do what was tried;
    None where the authorizer was not asked. Blocks."""
    if shown.origin is None or shown.origin.event is None:
        return None
    decision, record = rehearse(new.access, shown.origin.event, shown.record.now)
    return {
        "before": _told(shown, shown.written, shown.record, shown.origin.outcome, asked),
        "after": _told(shown, new, record, decision.verdict, asked),
    }


def difference(old: Written, new: Written) -> dict[str, Any]:
    """As `authorizer policy diff --json`. Blocks."""
    return plain_comparison(compare(old.access, new.access))


def _told(
    shown: Shown, written: Written, record: Record, outcome: str, asked: AccessRequest | None
) -> dict[str, Any]:
    identity = record.identity
    decided = replace(shown.served, record=record)
    of_it = Shown(served=decided, origin=decided, written=written, local=shown.local)
    return {
        "outcome": outcome,
        "code": record.refusal.code if record.refusal else "allowed",
        "why": str(record.refusal) if record.refusal else "",
        "role": identity.role.name if identity else None,
        "scopes": sorted(identity.scopes) if identity else [],
        "policy": session_policy(of_it),
        "tried": judged(written, identity, asked) if asked and identity else None,
    }
