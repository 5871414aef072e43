"""`access.toml`, its templates and the environment → `Access`, or one error with every problem."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from authorizer.engine import TemplateInvalid, TemplateSet
from authorizer.errors import SettingsError
from authorizer.model import Role
from authorizer.settings import callers, causes, coherence, issuers, roles, routes, sessions, vocabulary
from authorizer.settings.format_text import holes
from authorizer.settings.reader import Problems, Section
from authorizer.settings.schema import Access, Settings
from authorizer.syntax.toml_text import TomlInvalid, parse_toml

SUFFIX = ".json.j2"
COMPILED = "compiled.json"
"""In `templates/` of a bundle: the same templates, compiled."""
KEY_SETS = "keys"
"""Folder beside access.toml with the JWKS documents that `pinned_keys` names."""
ACCESS_VARIABLE = "AUTHORIZER_ACCESS"
"""The variable of a function's environment that names its `access.toml`."""
DEFAULT_ACCESS = "policies/access.toml"
"""What it names unless it is set."""


def load_deployed(environment: Mapping[str, str]) -> Access:
    """What a function in Lambda is deployed with: the file that `ACCESS_VARIABLE` names, from the package's
    folder (`LAMBDA_TASK_ROOT`: Lambda Developer Guide, "Defined runtime environment variables").

    Raises `SettingsError`.
    """
    root = Path(environment.get("LAMBDA_TASK_ROOT", "."))
    return load(root / environment.get(ACCESS_VARIABLE, DEFAULT_ACCESS), environment)


def read_toml(path: Path) -> tuple[dict[str, object], str]:
    """The tables of a file, and its text. Raises `SettingsError` with its one problem."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError([f"{path}: cannot be read: there is no such file"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from error
    try:
        return parse_toml(source), source
    except TomlInvalid as error:
        place = f"{path}:{error.place}" if error.place else str(path)
        raise SettingsError([f"{place}: cannot be read: {error.cause}"]) from error


def read_text(path: Path) -> str:
    """What a file of the configuration says. Raises `SettingsError`, which names it."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from error


def load(path: Path, environment: Mapping[str, str], *, too_long: bool = False) -> Access:
    """Read `path`, and `templates/` and `keys/` beside it. After this nothing reads them, or the environment. With
    `too_long` a role loads, too, whose session policy fits nobody: for what makes it shorter.

    Raises `SettingsError` with every problem, each with file, line and key.
    """
    tables, source = read_toml(path)
    folder = path.parent / "templates"
    if not folder.is_dir():
        raise SettingsError(
            [
                f"{folder}: there is no such folder: expected the templates that roles name, each as NAME{SUFFIX}"
            ]
        )
    sources = sorted(folder.glob(f"*{SUFFIX}"))
    templates = {file.name.removesuffix(SUFFIX): read_text(file) for file in sources}
    bundled = folder / COMPILED
    compiled = read_text(bundled) if bundled.exists() else None
    key_sets = {file.name: read_text(file) for file in sorted((path.parent / KEY_SETS).glob("*.json"))}
    return read(
        tables,
        source=source,
        place=str(path),
        templates=templates,
        environment=environment,
        key_sets=key_sets,
        compiled=compiled,
        too_long=too_long,
    )


def read(
    tables: Mapping[str, object],
    *,
    source: str,
    place: str,
    templates: Mapping[str, str],
    environment: Mapping[str, str],
    key_sets: Mapping[str, str] | None = None,
    compiled: str | None = None,
    too_long: bool = False,
) -> Access:
    """The parsed file → `Access`. `source` and `place` only serve the messages. `key_sets` are JWKS documents by
    the names of their files. `compiled` is what `TemplateSet.dump` made of the same templates: with it Jinja is not
    needed. `too_long` as for `load`."""
    problems = Problems(place, source)
    meant = causes.misspelt(tables)
    for wrong, table in meant.items():
        problems.add((wrong,), f"unknown table; did you mean {table!r}?")
    tables = {meant.get(name, name): table for name, table in tables.items()}
    root = Section(tables, path=(), problems=problems, environment=environment)

    section = root.section("session")
    name, duration = sessions.defaults(section)
    session = sessions.session(section)
    section.done()

    claims = vocabulary.claims(root)
    variables = vocabulary.variables(root)
    types = {claim.name: claim.type for claim in claims.values()}
    try:
        if compiled is None:
            template_set = TemplateSet.compile(templates, claims=types, variables=variables)
        else:
            template_set = TemplateSet.load(compiled, templates, claims=types, variables=variables)
    except TemplateInvalid as error:
        for problem in error.problems:
            problems.of_template(problem)
        template_set = TemplateSet({}, {}, {})

    by_name = roles.roles(root, name, duration)
    by_iss = issuers.issuers(root, key_sets or {})
    pinned = {issuer.pinned_keys for issuer in by_iss.values()}
    settings = Settings(
        place=place,
        issuers=by_iss,
        keys=issuers.keys(root),
        claims=claims,
        variables=variables,
        policies=vocabulary.policies(root, templates, variables),
        template_sources=templates,
        roles=by_name,
        roles_by_arn=_by_arn(by_name),
        groups=roles.groups(root),
        rules=roles.rules(root),
        resolution=roles.resolution(root),
        scopes=routes.scopes(root),
        gateway=routes.gateway(root),
        session=session,
        sealing=sessions.sealing(root, "sealing"),
        private_sealing=sessions.sealing(root, "private_sealing"),
        shared_cache=sessions.shared_cache(root),
        callers=callers.callers(root),
        suppressions=vocabulary.suppressions(root),
        shared_routes=routes.shared(root),
        # By what they say: of two files that say the same, either is the one that is named.
        key_sets={file: document for file, document in (key_sets or {}).items() if document in pinned},
    )
    root.done()
    coherence.check(settings, template_set, problems, too_long=too_long)
    if problems.found:
        known = {
            "claim": claims,
            "role": settings.roles,
            "scope": settings.scopes,
            "template": templates,
        }
        raise SettingsError(causes.one_for_each(problems.found, known))

    by_name = {role.name: replace(role, uses=_uses(role, template_set)) for role in by_name.values()}
    return Access(replace(settings, roles=by_name, roles_by_arn=_by_arn(by_name)), template_set)


def _by_arn(by_name: Mapping[str, Role]) -> dict[str, Role]:
    return {role.arn: role for role in by_name.values()}


def _uses(role: Role, template_set: TemplateSet) -> frozenset[str]:
    """Every claim that the role's policies, tags, session name or source identity mention."""
    used = {claim for policy in role.policies for claim in template_set.uses(policy)}
    used |= set(role.session_tags.values())
    used |= set(holes(role.session_name))
    used |= set(holes(role.source_identity or ""))
    return frozenset(used)
