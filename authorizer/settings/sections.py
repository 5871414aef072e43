"""Each section of `access.toml`, one function a section: table in, frozen value out.

What a section says alone is judged here; what two sections say together is judged in `authorizer.settings.coherence`.
"""

import re
from collections.abc import Mapping
from typing import Any

from authorizer.engine import ClaimTypeInvalid, declare
from authorizer.model import Role
from authorizer.settings.limits import LIMITS
from authorizer.settings.reader import Section
from authorizer.settings.schema import (
    MAX_CHAINED_DURATION,
    MIN_DURATION,
    Claim,
    Gateway,
    Group,
    Issuer,
    Keys,
    Policy,
    Resolution,
    Route,
    Rule,
    Sealing,
    Session,
    SharedCache,
)
from authorizer.settings.walks import IN_WORDS, walks

# UserPoolIdType of the Cognito API, narrowed to a real Region in front of the underscore.
_USER_POOL = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])_[0-9A-Za-z]{1,40}"
_TABLE = r"(?:arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # RFC 9110 §5.6.2, token
_VARIABLE = r"[ -!#%-)+->@-\[\]-z|~]+"  # printable ASCII without " $ * ? \ { }
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_PATH = r"/[A-Za-z0-9._~!&'()+,;=:@%/*-]*(?:\{proxy\+\})?"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_URL = r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?"
"""RFC 3986 without a user's name. Of a wrong host Python's versions think differently, or raise."""


def issuers(root: Section, key_sets: Mapping[str, str]) -> dict[str, Issuer]:
    """`[[issuers]]`: one table a user pool, or an issuer of any other kind, by `iss`."""
    found: dict[str, Issuer] = {}
    for section in root.array("issuers"):
        kind = section.choice("kind", ("cognito", "oidc"), "cognito")
        client_ids = _client_ids(section)
        common: dict[str, Any] = {
            "kind": kind,
            "client_ids": client_ids,
            "token_use": frozenset(section.texts("token_use", pattern="id|access", expected="id or access")),
            "audiences": frozenset(section.texts("audiences", ())),
            "leeway": section.seconds("leeway", "0s", most=300),
            "max_lifetime": section.optional_seconds("max_lifetime"),
            "max_auth_age": section.optional_seconds("max_auth_age", most=86_400 * 3650),
            "pinned_keys": _pinned_keys(section, key_sets),
        }
        if kind == "oidc" and "access" in common["token_use"] and not common["audiences"]:
            section.problem(
                "audiences",
                "is required: an access token of an OpenID provider names the API it is for in `aud`, and one for "
                "another API must not be taken here (RFC 9068, section 4)",
            )
        for iss, jwks_uri in _issuer_urls(section):
            if iss in found:
                section.problem("", f"the issuer {iss!r} is configured twice")
            found[iss] = Issuer(issuer=iss, jwks_uri=jwks_uri, **common)
        section.done()
    if not found:
        root.problem("issuers", "nobody may sign a token: add an [[issuers]] table")
    return found


def _issuer_urls(section: Section) -> list[tuple[str, str]]:
    """(`iss`, JWKS URI) for each form of the issuer's URL. Both Cognito forms name the same pool
    (cognito-idp API, IssuerConfigurationType: ORIGINAL and UPDATED)."""
    jwks_uri = section.optional_text("jwks_uri")
    if jwks_uri is not None:
        _check_https(section, "jwks_uri", jwks_uri)
    if ("user_pool" in section) == ("issuer" in section):
        section.problem("", "expected either user_pool or issuer")
        section.rest()
        return []
    if "issuer" in section:
        iss = section.text("issuer")
        _check_https(section, "issuer", iss)
        return [(iss, jwks_uri or f"{iss}/.well-known/jwks.json")]
    pool = section.text("user_pool", pattern=_USER_POOL, expected="a user pool id such as eu-west-1_Abc123")
    forms = section.texts(
        "issuer_forms", ("original", "updated"), pattern="original|updated", expected="original or updated"
    )
    match = re.fullmatch(_USER_POOL, pool)
    if match is None:
        return []
    domain = "amazonaws.com.cn" if match["region"].startswith("cn-") else "amazonaws.com"
    hosts = {"original": "cognito-idp", "updated": "issuer-cognito-idp"}
    urls = [f"https://{hosts[form]}.{match['region']}.{domain}/{pool}" for form in forms if form in hosts]
    return [(iss, jwks_uri or f"{iss}/.well-known/jwks.json") for iss in urls]


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
    if section.raw("client_ids") == "any":
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


def claims(root: Section) -> dict[str, Claim]:
    """`[claims]`: name in templates → claim of the token and its type."""
    found = {}
    for name, section in root.sections("claims"):
        if not re.fullmatch(_NAME, name) or name in ("scopes", "true", "false", "none"):
            section.problem("", "expected a name of letters, digits and underscores that templates can use")
        claim = section.text("claim", name)
        user_writable = section.flag("user_writable")
        try:
            kind = declare(section.rest())
        except ClaimTypeInvalid as error:
            for problem in error.problems:
                section.problem("", problem)
            continue
        found[name] = Claim(name=name, claim=claim, type=kind, user_writable=user_writable)
    return found


def variables(root: Section) -> dict[str, str]:
    """`[variables]`: constants of the deployment. No IAM metacharacter may hide in an environment variable."""
    section = root.section("variables")
    for name in section.names():
        if not re.fullmatch(_NAME, name):
            section.problem(name, "expected a name of letters, digits and underscores")
    return {
        name: section.text(name, pattern=_VARIABLE, expected='printable ASCII without " $ * ? \\ { }')
        for name in section.names()
    }


def policies(root: Section, templates: Mapping[str, str]) -> dict[str, Policy]:
    """`[policies]`: what each template in `templates/` keeps apart. A template without a row promises nothing."""
    found = {}
    for name, section in root.sections("policies"):
        if name not in templates:
            section.problem("", f"there is no template {name!r}: expected the file templates/{name}.json.j2")
        found[name] = Policy(
            name=name, isolates=section.optional_text("isolates"), shared=section.texts("shared", ())
        )
        section.done()
    return found


def roles(root: Section, default_name: str, default_duration: int) -> dict[str, Role]:
    """`[roles.NAME]`. `uses` is filled in once the templates are compiled."""
    found = {}
    for name, section in root.sections("roles"):
        found[name] = Role(
            name=name,
            arn=section.text("arn", pattern=LIMITS["RoleArn"].pattern, expected="the ARN of an IAM role"),
            policies=section.texts("policies"),
            session_name=section.text("session_name", default_name),
            session_tags=section.mapping("session_tags"),
            transitive_tags=section.texts("transitive_tags", ()),
            source_identity=section.optional_text("source_identity"),
            external_id=section.optional_text(
                "external_id",
                pattern=LIMITS["ExternalId"].pattern,
                expected="2 to 1,224 of A-Z a-z 0-9 _ + = , . @ : / -",
            ),
            managed_policies=section.texts(
                "managed_policies",
                (),
                pattern=LIMITS["PolicyArns.arn"].pattern,
                expected="the ARN of a managed policy",
            ),
            duration=int(
                section.seconds(
                    "duration", f"{default_duration}s", least=MIN_DURATION, most=MAX_CHAINED_DURATION
                )
            ),
            uses=frozenset(),
        )
        section.done()
    if not found:
        root.problem("roles", "no role may be assumed: add a [roles.NAME] table")
    return found


def session(section: Section) -> Session:
    """`[session]`, without the role defaults `name` and `duration`."""
    entries = section.integer("cache_entries", least=1, most=100_000)
    return Session(
        context=section.choice("context", ("plain", "sealed", "none"), "plain"),
        end_with_token=section.flag("end_with_token"),
        cache_entries=1000 if entries is None else entries,
    )


def sealing(root: Section, name: str) -> Sealing | None:
    """`[sealing]` or `[private_sealing]`. What `keys` holds is never quoted in a problem."""
    if name not in root:
        return None
    section = root.section(name)
    value = Sealing(
        source=section.choice("source", ("environment", "secretsmanager", "kms"), "environment"),
        keys=section.text("keys"),
        private=name == "private_sealing",
    )
    section.done()
    return value


def shared_cache(root: Section) -> SharedCache | None:
    """`[shared_cache]`. A table's name or ARN (DynamoDB API reference, GetItem, TableName)."""
    if "shared_cache" not in root:
        return None
    section = root.section("shared_cache")
    value = SharedCache(
        table=section.text("table", pattern=_TABLE, expected="the name or the ARN of a DynamoDB table"),
        region=section.optional_text("region", pattern=r"[a-z0-9-]{1,32}", expected="an AWS Region"),
    )
    section.done()
    return value


def groups(root: Section) -> dict[str, Group]:
    """`[groups.NAME]`. Cognito: precedence is a whole number from 0, lower wins, absent is last."""
    found = {}
    for name, section in root.sections("groups"):
        found[name] = Group(
            name=name,
            role=section.optional_text("role"),
            precedence=section.integer("precedence", least=0, most=2**31 - 1),
            scopes=section.texts("scopes", ()),
        )
        section.done()
    return found


def rules(root: Section) -> tuple[Rule, ...]:
    """`[[rules]]`, in order (Cognito identity pools, MappingRule; value 1–128 characters)."""
    found = []
    for section in root.array("rules"):
        found.append(
            Rule(
                claim=section.text("claim"),
                match=section.choice("match", ("Equals", "NotEqual", "StartsWith", "Contains"), "Equals"),
                value=section.text("value", pattern=r".{1,128}", expected="1 to 128 characters"),
                role=section.text("role"),
            )
        )
        section.done()
    return tuple(found)


def resolution(root: Section) -> Resolution:
    """`[resolution]`."""
    section = root.section("resolution")
    header = section.optional_text("role_header", pattern=_HEADER, expected="the name of a header")
    ambiguous = section.text("ambiguous", "deny")
    section.done()
    return Resolution(
        role_header=header.lower() if header else None, ambiguous=None if ambiguous == "deny" else ambiguous
    )


def scopes(root: Section) -> dict[str, tuple[Route, ...]]:
    """`[scopes]`: scope → routes, each `METHOD /path`, `$connect` or `$default`."""
    section = root.section("scopes")
    found = {}
    for name in section.names():
        if not re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", name):  # RFC 6749 §3.3, scope-token
            section.problem(name, "expected a scope without white space, quotes and backslashes")
        found[name] = tuple(
            route for text in section.texts(name) if (route := _route(section, name, text)) is not None
        )
    return found


def _route(section: Section, scope: str, text: str) -> Route | None:
    if text in ("$connect", "$default"):
        return Route(method="", path=text)
    method, _, path = text.partition(" ")
    if re.search(r"\{(?!proxy\+\}$)", path):
        # `GET /users/{id}` would compile to `GET/users/*`, which also opens `/users/1/secrets`: `*` crosses
        # `/`.
        section.problem(
            scope,
            f"{text!r} has a path parameter that a policy cannot express: write `*`, which also matches "
            "deeper paths",
        )
        return None
    if method not in _METHODS or not re.fullmatch(_PATH, path):
        section.problem(scope, f'expected "METHOD /path", "$connect" or "$default", found {text!r}')
        return None
    if walks(path):
        section.problem(
            scope,
            f"{text!r} opens nothing: a backend may read another path in one that has {IN_WORDS}",
        )
        return None
    return Route(method=method, path=path.replace("{proxy+}", "*"))


def gateway(root: Section) -> Gateway:
    """`[gateway]`. The result TTL of an authorizer is 0 to 3,600 s (API Gateway API reference, CreateAuthorizer)."""
    section = root.section("gateway")
    value = Gateway(
        result_ttl=section.seconds("result_ttl", most=3600),
        backend_time=section.seconds("backend_time", "30s", least=1, most=900),
        response=section.choice("response", ("policy", "simple"), "policy"),
        identity_sources=tuple(
            source if source.startswith("$") else source.lower()
            for source in section.texts("identity_sources", ("authorization",))
        ),
        token_sources=tuple(
            source.lower() if source.startswith("header:") else source
            for source in section.texts(
                "token_sources",
                ("header:authorization",),
                pattern=rf"header:{_HEADER}|query:[\w.-]+",
                expected='"header:NAME" or "query:NAME"',
            )
        ),
        context_claims=section.texts("context_claims", ()),
        usage_key_claim=section.optional_text("usage_key_claim"),
        token_scopes=section.choice("token_scopes", ("ignore", "either", "both"), "ignore"),
        connection_time=section.seconds("connection_time", "30m", least=1, most=MAX_CHAINED_DURATION),
        renew_connections=section.flag("renew_connections"),
    )
    section.done()
    return value
