"""`[[issuers]]` and `[keys]`: whose tokens are taken, and how long the keys that sign them serve."""

import re
from collections.abc import Mapping
from typing import Any

from authorizer.engine import PARTITIONS, partition_of
from authorizer.settings import authority
from authorizer.settings.kinds import KINDS
from authorizer.settings.reader import Section
from authorizer.settings.schema import Authority, Issuer, Keys

_REGION = "|".join(row.region for row in PARTITIONS.values())
# UserPoolIdType of the Cognito API, narrowed to a real Region in front of the underscore.
_USER_POOL = rf"({_REGION})_[0-9A-Za-z]{{1,40}}"
_HOSTS = {"original": "cognito-idp", "updated": "issuer-cognito-idp"}
"""IssuerConfigurationType of the Cognito API: the two forms of a pool's issuer URL."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_URL = r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?"
"""RFC 3986 without a user's name. Of a wrong host Python's versions think differently, or raise."""


def issuers(root: Section, key_sets: Mapping[str, str]) -> dict[str, Issuer]:
    """`[[issuers]]`: one table a user pool, or an issuer of any other kind, or many user pools that differ in little,
    by `iss`."""
    found: dict[str, Issuer] = {}
    silent: list[Section] = []
    for section in root.array("issuers"):
        common = _common(section)
        speaks_for = authority.speaks_for(section)
        if speaks_for is None:
            silent.append(section)
        for row in _rows(section):
            own: dict[str, Any] = {
                "client_ids": _client_ids(row),
                "fixed_claims": authority.fixed_claims(row),
                "speaks_for": speaks_for or Authority(),
                # Of the row and never of the table: keys that were pinned for all would let each sign for the others.
                "pinned_keys": _pinned_keys(row, key_sets),
                "place": row.path,
            }
            for name, iss, jwks_uri in _issuer_urls(row, section):
                if iss in found:
                    row.problem("", f"the issuer {iss!r} is configured twice")
                found[iss] = Issuer(name=name, issuer=iss, jwks_uri=jwks_uri, **common, **own)
            if row is not section:
                row.done()
        section.done()
    if not found and not root.is_wrong("issuers"):
        root.problem("issuers", "nobody may sign a token: add an [[issuers]] table")
    for section in silent if len({issuer.name for issuer in found.values()}) > 1 else ():
        section.problem(
            "speaks_for",
            'is required where there are several issuers: expected "any", for an issuer whose users are all yours, or '
            "a table with roles, groups, scopes and claims",
        )
    return found


def _common(section: Section) -> dict[str, Any]:
    """What all forms of `iss` and all rows of one table have alike."""
    kind = section.choice("kind", tuple(KINDS), "cognito")
    common: dict[str, Any] = {
        "kind": kind,
        "algorithm": section.choice("algorithm", KINDS[kind].algorithms, KINDS[kind].algorithms[0]),
        "token_use": frozenset(section.texts("token_use", pattern="id|access", expected="id or access")),
        "audiences": frozenset(section.texts("audiences", ())),
        "leeway": section.seconds("leeway", "0s", most=300),
        "max_lifetime": section.optional_seconds("max_lifetime"),
        "max_auth_age": section.optional_seconds("max_auth_age", most=86_400 * 3650),
        "actors": authority.actors(section),
    }
    if KINDS[kind].names_api and "access" in common["token_use"] and not common["audiences"]:
        section.problem(
            "audiences",
            "is required: an access token of an OpenID provider names the API it is for in `aud`, and one for "
            "another API must not be taken here (RFC 9068, section 4)",
        )
    return common


def _rows(section: Section) -> list[Section]:
    """The table itself, or each row of its `pools`: a tenant's user pool with its app clients and fixed claims."""
    if "pools" not in section:
        return [section]
    rows = list(section.array("pools"))
    if not rows:
        section.problem("pools", "expected a row for each user pool, with user_pool and client_ids")
    return rows


def _issuer_urls(row: Section, section: Section) -> list[tuple[str, str, str]]:
    """(name, `iss`, JWKS URI) for each URL under which the issuer signs."""
    jwks_uri = row.optional_text("jwks_uri")
    if jwks_uri is not None:
        _check_https(row, "jwks_uri", jwks_uri)
    if ("user_pool" in row) == ("issuer" in row):
        row.problem("", "expected either user_pool or issuer")
        row.rest()
        return []
    if "issuer" in row:
        name = row.text("issuer")
        _check_https(row, "issuer", name)
        if "regions" in row:
            row.raw("regions")
            row.problem(
                "regions", "is about a user_pool: the URL of any other issuer is `issuer`, as it stands"
            )
        urls = [name]
    else:
        name = row.text("user_pool", pattern=_USER_POOL, expected="a user pool id such as eu-west-1_Abc123")
        urls = _pool_urls(name, row, section)
    # `iss` stays as the issuer signs it; a path begins where its own ends (OpenID Connect Discovery 1.0 §4).
    return [(name, iss, jwks_uri or f"{iss.removesuffix('/')}/.well-known/jwks.json") for iss in urls]


def _pool_urls(pool: str, row: Section, section: Section) -> list[str]:
    """Each `iss` of one user pool. In the original form a replica has its own Region in the URL, before the pool's id,
    which keeps the primary's; in the updated form all have the primary's (awslabs/aws-jwt-verify, issue 282)."""
    forms = section.texts(
        "issuer_forms", tuple(_HOSTS), pattern="|".join(_HOSTS), expected=" or ".join(_HOSTS)
    )
    replicas = row.texts("regions", (), pattern=_REGION, expected="an AWS Region such as us-west-2")
    primary = pool.partition("_")[0]
    partition = partition_of(primary)
    if partition is None:
        return []
    for region in replicas:
        if region == primary:
            row.problem("regions", f"{region!r} is the pool's own Region: list its replicas' alone")
        elif partition_of(region) not in (None, partition):
            row.problem("regions", f"{region!r} is not in {partition!r}, where the pool is")
    if replicas and "original" not in forms:
        row.problem(
            "regions", "says nothing without the issuer form 'original': only there has a replica its own URL"
        )
    signing = {"original": dict.fromkeys((primary, *replicas)), "updated": (primary,)}
    return [
        f"https://{_HOSTS[form]}.{region}.{PARTITIONS[partition].domain}/{pool}"
        for form in forms
        for region in signing.get(form, ())
    ]


def _pinned_keys(section: Section, key_sets: Mapping[str, str]) -> str | None:
    name = section.optional_text("pinned_keys")
    if name is None or name.startswith("{"):
        return name  # the document itself, as an environment variable holds it
    if name not in key_sets:
        section.problem("pinned_keys", f"there is no file {name!r}: expected a JWKS document, keys/{name}")
    return key_sets.get(name)


def _check_https(section: Section, key: str, uri: str) -> None:
    """Keys fetched over plain HTTP are whatever the network says they are. Loopback is the laptop's emulator."""
    match = re.fullmatch(_URL, uri)
    if match is None or (match["scheme"].lower() == "http" and match["host"].lower() not in _LOOPBACK):
        section.problem(key, f"expected an https URL, found {uri!r}")


def _client_ids(section: Section) -> frozenset[str] | None:
    """The app clients; None only where the file says `client_ids = "any"` aloud."""
    if section.says("client_ids", "any"):
        return None
    return frozenset(
        section.texts(
            "client_ids", pattern=r"[\w+:/.@-]{1,255}", expected='app client ids, or the text "any"'
        )
    )


def keys(root: Section) -> Keys:
    """`[keys]`: how long fetched keys serve."""
    section = root.section("keys")
    value = Keys(
        timeout=section.seconds("timeout", "2s", least=1, most=9),
        max_age=section.seconds("max_age", "1h", least=60),
        grace=section.seconds("grace", "24h", most=86_400 * 7),
        cooldown=section.seconds("cooldown", "10s", least=1, most=3600),
    )
    if not value.timeout < value.cooldown < value.max_age:
        section.problem("", "expected timeout < cooldown < max_age: a fetch ends before the next may begin")
    section.done()
    return value
