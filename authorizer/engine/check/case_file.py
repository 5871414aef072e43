"""Case files: TOML → `Case`, with everything that it refers to filled in.

A file in `policies/cases/`::

    templates = ["s3-home"]                 # or: role = "editor", for all templates of a role joined

    [users.ann]
    claims = { sub = "11111111-1111-4111-8111-111111111111" }
    scopes = ["files:read"]                 # or: groups = ["editors"], for the scopes that groups bring
    issuer = "eu-west-1_Partner01"          # optional: whose token it is, with the claims that this issuer fixes

    [[cases]]
    name      = "ann reads her own file"
    user      = "ann"
    action    = "s3:GetObject"              # or several: each must come out alike
    resource  = "arn:aws:s3:::{bucket}/home/{sub}/notes.txt"
    context   = { "s3:prefix" = "home/{sub}/" }
    expect    = "allow"                     # or "deny", or "refused": no policy for this user, or no valid token
    statement = "OwnObjects"                # optional: the Sid that must decide

    [[routes]]                              # a file with none but these needs neither `templates` nor `role`
    name   = "ann opens her own folder"
    user   = "ann"
    method = "GET"                          # or several; none for "$connect" and "$default"
    path   = "/users/{sub}/files/1"         # or several
    expect = "allow"                        # or "deny", or "refused"
    route  = "GET /users/{sub}/*"           # optional: the entry of [scopes] that must open it

In `resource`, `context` and `path`, `{bucket}` is a variable of the deployment, `{sub}` a claim of the case's user, and
`{bob.sub}` one of another user of the file.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from typing import Final, Literal, TypeAlias

from authorizer.engine.check.cases import EXPECTED, Case, Expected, User
from authorizer.engine.check.routes import RouteCase
from authorizer.engine.check.surroundings import Surroundings
from authorizer.engine.evaluate import AccessRequest
from authorizer.engine.language import CaseInvalid, ClaimValue, ValueRefused
from authorizer.syntax.places import Path, line_of
from authorizer.syntax.toml_text import TomlInvalid, parse_toml

Form: TypeAlias = Literal["text", "text or texts", "table", "tables"]
FILE_KEYS: Final[Mapping[str, Form]] = {
    "templates": "text or texts",
    "role": "text",
    "users": "table",
    "cases": "tables",
    "routes": "tables",
}
USER_KEYS: Final[Mapping[str, Form]] = {
    "claims": "table",
    "scopes": "text or texts",
    "groups": "text or texts",
    "issuer": "text",
}
CASE_KEYS: Final[Mapping[str, Form]] = {
    "name": "text",
    "user": "text",
    "action": "text or texts",
    "resource": "text or texts",
    "context": "table",
    "expect": "text",
    "statement": "text",
}
ROUTE_KEYS: Final[Mapping[str, Form]] = {
    "name": "text",
    "user": "text",
    "method": "text or texts",
    "path": "text or texts",
    "expect": "text",
    "route": "text",
}
CASE_FILE: Final[Mapping[str, Mapping[str, Form]]] = {
    "": FILE_KEYS,
    "users": USER_KEYS,
    "cases": CASE_KEYS,
    "routes": ROUTE_KEYS,
}
"""What each table of a case file may have; "" is the file itself."""
CASE_FILE_EXAMPLE: Final = __doc__ or ""
"""A file with every key, and beside it what it is for."""
_HOLE = re.compile(r"\{([^{}]*)\}")


def parse_cases(text: str, *, file: str, around: Surroundings) -> tuple[Case, ...]:
    """The cases of one file that are about policies. Raises `CaseInvalid` with every problem."""
    return tuple(case for case in parse_case_file(text, file=file, around=around) if isinstance(case, Case))


def parse_case_file(text: str, *, file: str, around: Surroundings) -> tuple[Case | RouteCase, ...]:
    """All cases of one file, those about routes last. Raises `CaseInvalid` with every problem."""
    try:
        tree = parse_toml(text)
    except TomlInvalid as invalid:
        place = f"{file}:{invalid.place}" if invalid.place else file
        raise CaseInvalid([f"{place}: {invalid.cause}"]) from invalid
    return _File(file, around, text).read(tree)


class _File:
    """One reading of one file; collects every problem."""

    def __init__(self, file: str, around: Surroundings, source: str) -> None:
        self._file = file
        self._around = around
        self._source = source
        self._problems: list[str] = []

    def read(self, tree: Mapping[str, object]) -> tuple[Case | RouteCase, ...]:
        tree = self._only(tree, FILE_KEYS, "the file", ())
        about_routes = self._rows(tree, "routes")
        rows = self._rows(tree, "cases")
        templates = self._templates(tree) if rows or not about_routes else ()
        if not rows and not about_routes:
            self._problem("`cases` is missing or empty: write at least one [[cases]] or [[routes]]")
        role = tree.get("role")
        users = {
            name: self._user(name, spec, str(role) if role else None)
            for name, spec in self._table(tree, "users", "the file").items()
        }
        cases: list[Case | RouteCase | None] = [
            self._case(number, row, templates, users) for number, row in enumerate(rows, start=1)
        ]
        cases += [self._route(number, row, users) for number, row in enumerate(about_routes, start=1)]
        names = [case.name for case in cases if case is not None]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._problem(f"two cases are named {name!r}")
        if self._problems:
            raise CaseInvalid(self._problems)
        return tuple(case for case in cases if case is not None)

    def _problem(self, text: str, path: Path = ()) -> None:
        """Note it, with the line of the key at `path`, or of the longest part of it that has one."""
        line = line_of(self._source, path) if path else None
        self._problems.append(f"{self._file}:{line}: {text}" if line else f"{self._file}: {text}")

    def _only(
        self, tree: Mapping[str, object], known: Collection[str], where: str, path: Path
    ) -> Mapping[str, object]:
        """Note the keys that are not known. The table, a misspelt key read as the one that was meant."""
        meant = dict(tree)
        for key in sorted(tree.keys() - set(known)):
            close = get_close_matches(key, known, n=1)
            if close and close[0] not in meant:
                meant[close[0]] = tree[key]
            instead = f"did you mean {close[0]!r}?" if close else f"expected {', '.join(sorted(known))}"
            self._problem(f"unknown key `{key}` in {where}: {instead}", (*path, key))
        return meant

    def _rows(self, tree: Mapping[str, object], key: str) -> list[object]:
        rows = tree.get(key, [])
        if isinstance(rows, list):
            return rows
        self._problem(f"`{key}` is {rows!r}: expected tables, written [[{key}]]")
        return []

    def _table(self, tree: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
        table = tree.get(key, {})
        if isinstance(table, dict):
            return table
        self._problem(f"`{key}` of {where} is {table!r}: expected a table")
        return {}

    def _texts(self, tree: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
        values = tree.get(key, [])
        values = [values] if isinstance(values, str) else values
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return tuple(values)
        self._problem(f"`{key}` of {where} is {values!r}: expected text or a list of texts")
        return ()

    def _templates(self, tree: Mapping[str, object]) -> tuple[str, ...]:
        role = tree.get("role")
        names = self._texts(tree, "templates", "the file")
        if bool(names) == (role is not None):
            found = "both" if names else "neither"
            self._problem(f"expected either `templates` or `role`, found {found}")
        if role is not None:
            if not isinstance(role, str) or role not in self._around.roles:
                self._problem(_none("role", role, self._around.roles), ("role",))
            return tuple(self._around.roles.get(str(role), ()))
        for name in names:
            if name not in self._around.templates.names:
                problem = _none("template", name, self._around.templates.names)
                self._problem(problem, ("templates",))
        return names

    def _user(self, name: str, spec: object, role: str | None) -> User:
        where = f"user {name!r}"
        if not isinstance(spec, dict):
            self._problem(f"{where} is {spec!r}: expected a table")
            return User(claims={}, scopes=frozenset())
        path: Path = ("users", name)
        spec = self._only(spec, USER_KEYS, where, path)
        scopes = set(self._texts(spec, "scopes", where))
        known_scopes = scopes if self._around.scopes is None else self._around.scopes
        for scope in sorted(scopes.difference(known_scopes)):
            self._problem(f"{where}: {_none('scope', scope, known_scopes)}", (*path, "scopes"))
        groups = self._texts(spec, "groups", where)
        for group in groups:
            if group not in self._around.groups:
                self._problem(f"{where}: {_none('group', group, self._around.groups)}", (*path, "groups"))
            scopes.update(self._around.groups.get(group, ()))
        claims: dict[str, ClaimValue] = {}
        for claim, value in self._table(spec, "claims", where).items():
            known = self._around.templates.claims
            if claim not in known:
                self._problem(f"{where}: {_none('claim', claim, known)}", (*path, "claims", claim))
                # Read as what was meant, so that what refers to it is no problem too.
                claim = next(iter(get_close_matches(claim, known, n=1)), claim)  # noqa: PLW2901
            # Not checked against its type: what a hostile value comes to is what a case may be about.
            claims[claim] = tuple(value) if isinstance(value, list) else value  # type: ignore[assignment]
        user = User(claims=claims, scopes=frozenset(scopes))
        if "issuer" not in spec:
            return user
        try:
            return self._signed(user, spec["issuer"], role, groups)
        except ValueError as error:
            self._problem(f"{where}: {error}", (*path, "issuer"))
            return user

    def _signed(self, user: User, issuer: object, role: str | None, groups: Sequence[str]) -> User:
        if not isinstance(issuer, str) or self._around.sign is None:
            raise ValueError("`issuer` is the text of an issuer of access.toml")
        claims, refused = self._around.sign(issuer, user.claims, role=role, groups=groups, scopes=user.scopes)
        return User(claims=claims, scopes=user.scopes, refused=refused)

    def _case(
        self, number: int, row: object, templates: tuple[str, ...], users: Mapping[str, User]
    ) -> Case | None:
        where = f"case {number}"
        if not isinstance(row, dict):
            self._problem(f"{where} is {row!r}: expected a table")
            return None
        path: Path = ("cases", number - 1)
        row = self._only(row, CASE_KEYS, where, path)
        statement = row.get("statement")
        name, expected, user = self._expectation(row, where, users, path)
        where = f"case {name!r}"
        if statement is not None and expected == "refused":
            self._problem(
                f"{where}: `statement` is given, and no statement decides where `refused` is expected",
                (*path, "statement"),
            )
            statement = None
        if statement is not None and not isinstance(statement, str):
            self._problem(
                f"{where}: `statement` is {statement!r}: expected the Sid of the one that must decide",
                (*path, "statement"),
            )
            statement = None
        if user is None:
            return None
        requests = self._requests(row, where, user, users, path)
        if not requests and expected != "refused":
            self._problem(f"{where} needs an `action` and a `resource`", path)
        return Case(
            file=self._file,
            name=name,
            templates=templates,
            user=user,
            requests=requests,
            expect=expected,
            statement=statement,
            line=line_of(self._source, (*path, "name")) or 0,
        )

    def _expectation(
        self, row: Mapping[str, object], where: str, users: Mapping[str, User], path: Path
    ) -> tuple[str, Expected, User | None]:
        """The name of a case, what is expected, and of whom."""
        name, expect = row.get("name"), row.get("expect")
        if not isinstance(name, str) or not name:
            self._problem(f"{where} has no name", path)
            name = where
        where = f"case {name!r}"
        expected = next((each for each in EXPECTED if each == expect), None)
        if expected is None:
            close = get_close_matches(str(expect), EXPECTED, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            found = "is required" if expect is None else f"is {expect!r}"
            said = f"{where}: `expect` {found}: {meant}expected one of {', '.join(EXPECTED)}"
            self._problem(said, (*path, "expect"))
            expected = "deny"
        user = row.get("user")
        if isinstance(user, str) and user in users:
            return name, expected, users[user]
        self._problem(f"{where}: {_none('user', user, users)}", (*path, "user"))
        return name, expected, None

    def _route(self, number: int, row: object, users: Mapping[str, User]) -> RouteCase | None:
        where = f"route {number}"
        if not isinstance(row, dict):
            self._problem(f"{where} is {row!r}: expected a table")
            return None
        path: Path = ("routes", number - 1)
        row = self._only(row, ROUTE_KEYS, where, path)
        name, expected, user = self._expectation(row, where, users, path)
        where = f"case {name!r}"
        entry = row.get("route")
        if entry is not None and (not isinstance(entry, str) or expected != "allow"):
            self._problem(
                f"{where}: `route` is {entry!r}: expected the entry that must allow, and nothing else",
                (*path, "route"),
            )
            entry = None
        if self._around.router is None:
            self._problem(f"{where}: no route can be asked for here: there are no scopes")
            return None
        if user is None:
            return None
        paths = [self._filled(text, where, user, users, path) for text in self._texts(row, "path", where)]
        asked = tuple(product(self._texts(row, "method", where) or ("",), paths))
        for problem in self._around.router.problems(asked):
            self._problem(f"{where}: {problem}", path)
        return RouteCase(
            file=self._file, name=name, user=user, asked=asked, expect=expected, entry=entry,
            router=self._around.router, line=line_of(self._source, (*path, "name")) or 0,
        )  # fmt: skip

    def _filled(self, text: str, where: str, user: User, users: Mapping[str, User], path: Path) -> str:
        return _HOLE.sub(lambda hole: self._value(hole[1], where, user, users, path), text)

    def _requests(
        self, row: Mapping[str, object], where: str, user: User, users: Mapping[str, User], path: Path
    ) -> tuple[AccessRequest, ...]:
        def fill(text: str) -> str:
            return self._filled(text, where, user, users, path)

        context: dict[str, str | Sequence[str]] = {}
        table = self._table(row, "context", where)
        if len({key.lower() for key in table}) != len(table):
            self._problem(f"{where}: `context` has a key in two spellings: keys have no case")
        for key in table:
            values = [fill(value) for value in self._texts(table, key, where)]
            context[key] = values[0] if isinstance(table[key], str) and values else values
        actions, resources = self._texts(row, "action", where), self._texts(row, "resource", where)
        for action in actions:
            for problem in self._around.action_problems(action):
                self._problem(f"{where}: {problem}", (*path, "action"))
        before = len(self._problems)
        filled = [fill(resource) for resource in resources]
        # A name that leads nowhere leaves no ARN behind: one problem is enough.
        if actions and len(self._problems) == before:
            for problem in self._around.resource_problems(actions, filled):
                self._problem(f"{where}: {problem}", (*path, "resource"))
        # What is denied may be tried with a key too many: no policy should be opened by it.
        having = actions if row.get("expect") == "allow" else ()
        for key in table:
            for problem in self._around.key_problems(having, key):
                self._problem(f"{where}: {problem}", (*path, "context", key))
        return tuple(
            AccessRequest(action=action, resource=resource, context=context)
            for action, resource in product(actions, filled)
        )

    def _read(self, claim: str, user: User) -> object:
        """What the claim is in a policy: as its type reads it; as it is said, where that refuses it."""
        kind = self._around.templates.claims.get(claim)
        if kind is None or (claim not in user.claims and kind.fallback is None):
            return user.claims.get(claim)
        said = user.claims.get(claim, kind.fallback)
        try:
            return kind.check(said)
        except ValueRefused:
            return said

    def _value(self, name: str, where: str, user: User, users: Mapping[str, User], path: Path) -> str:
        other, dot, claim = name.partition(".")
        if dot:
            value = self._read(claim, users[other]) if other in users else None
        else:
            value = self._read(name, user) or self._around.variables.get(name)
        if not isinstance(value, str):
            self._problem(f"{where}: `{{{name}}}` is no variable, claim of the user, or USER.CLAIM", path)
            return ""
        return value


def _none(kind: str, name: object, known: Iterable[str]) -> str:
    """That a name leads nowhere, and which was likely meant."""
    names = list(known)
    close = get_close_matches(str(name), names, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no {kind} {name!r}: {meant}expected one of {', '.join(names)}"
