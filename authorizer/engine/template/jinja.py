"""Jinja's part: templates' source text → programs.

Jinja parses; what it parsed is taken over node by node, and whatever is not known here is refused with its line. An
author therefore has text, `{{ claim }}`, `{{ variable }}`, `{% if %}`, `{% for %}` and `{% include %}`, and neither
filters, calls, attributes nor assignments: nothing that could turn a checked value into an unchecked one.

This file alone imports jinja2 (23–41 ms), and only when templates are compiled.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from jinja2 import Environment, TemplateSyntaxError, nodes

from authorizer.engine.language import ClaimType, ValueRefused
from authorizer.engine.template.program import (
    Both,
    Contains,
    Equals,
    For,
    Hole,
    If,
    InScopes,
    IsDefined,
    LoopIs,
    Node,
    Not,
    Place,
    Program,
    Test,
    Text,
    Variable,
    VariableIs,
)
from authorizer.engine.template.unclosed import in_words
from authorizer.syntax.nesting import MAX_DEPTH

SUFFIX = ".json.j2"
RESERVED = frozenset({"scopes", "loop"})
MAX_LISTED = 64
"""Most texts of one `in […]`. Each is a way of its own for whoever judges the template."""
BYTE_ORDER_MARK = "\ufeff"
TOO_DEEP = "nested too deeply"
TESTS = (
    '`"SCOPE" in scopes`, `CLAIM is defined`, `CLAIM == "TEXT"`, `CLAIM in ["TEXT", …]`, `BOOLEAN_CLAIM`, '
    '`"TEXT" in LIST_CLAIM`, `VARIABLE == "TEXT"`, `VARIABLE in ["TEXT", …]`, `loop.first`, `loop.last`, joined by '
    "`and`, `or`, `not`"
)


@dataclass(slots=True)
class Compiler:
    """Compiles templates that may include one another; collects every problem."""

    sources: Mapping[str, str]
    claims: Mapping[str, ClaimType]
    variables: Collection[str]
    problems: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """The templates that have a problem, in themselves or in what they include."""
    _of: str = ""
    _parsed: dict[str, nodes.Template | None] = field(default_factory=dict)

    def compile(self, name: str) -> Program:
        """The program of one template, its includes within it."""
        self._of = name
        return self._file(_Scope(name, {}, (name,)))

    def _problem(self, place: Place, text: str) -> None:
        self.broken.add(self._of)
        problem = f"{place.describe()}: {text}"
        if problem not in self.problems:  # a file that several templates include is seen several times
            self.problems.append(problem)

    def _parse(self, name: str) -> nodes.Template | None:
        if name not in self._parsed:
            self._parsed[name] = None
            try:
                self._parsed[name] = Environment(autoescape=False).parse(self.sources[name])  # noqa: S701 - JSON
            except TemplateSyntaxError as error:
                line, said = in_words(self.sources[name], error.lineno, error.message or "syntax error")
                self._problem(Place(name, line), said)
            except RecursionError:  # of Jinja, which says no limit of its own
                self._problem(Place(name, 1), TOO_DEEP)
        return self._parsed[name]

    def _file(self, scope: "_Scope") -> Program:
        tree = self._parse(scope.template)
        return self._body(tree.body, scope) if tree else ()

    def _body(self, body: list[nodes.Node], scope: "_Scope") -> Program:
        program: list[Node] = []
        for node in body:
            place = Place(scope.template, node.lineno or 1)  # some of Jinja's nodes have no line
            match node:
                case nodes.Output():
                    for child in node.nodes:
                        program += self._output(child, scope)
                case nodes.If():
                    program.append(self._if(node, scope, node.elif_, node.else_))
                case nodes.For():
                    program += self._for(node, scope)
                case nodes.Include():
                    program += self._include(node, scope)
                case _:
                    self._problem(place, f"`{type(node).__name__.lower()}` has no place in a policy template")
        return tuple(program)

    def _output(self, node: nodes.Expr, scope: "_Scope") -> list[Node]:
        place = Place(scope.template, node.lineno)
        if isinstance(node, nodes.TemplateData):
            self._text(node.data, place)
            return [Text(node.data, place)]
        if not isinstance(node, nodes.Name):
            cased = isinstance(node, nodes.Filter) and node.name in {"lower", "upper"}
            instead = (
                "; for one spelling of each value declare the claim with `lower_case = true`" if cased else ""
            )
            said = f"a hole is a plain name: no filter, call, attribute or expression{instead}"
            self._problem(place, said)
        elif node.name in scope.loops:
            return [Hole(node.name, place)]
        elif node.name in self.variables:
            return [Variable(node.name, place)]
        elif self._claim(node.name, place, is_list=False):
            return [Hole(node.name, place)]
        return []

    def _text(self, text: str, place: Place) -> None:
        if text.startswith(BYTE_ORDER_MARK):
            self._problem(place, "begins with a byte order mark: save it as UTF-8 without one")
            text = text.removeprefix(BYTE_ORDER_MARK)
        for number, line in enumerate(text.split("\n")):
            if not all(" " <= char <= "ÿ" or char in "\t\r" for char in line):
                where = Place(place.template, place.line + number)
                self._problem(where, "a character that STS does not take: only U+0020 to U+00FF")

    def _claim(self, name: str, place: Place, *, is_list: bool) -> bool:
        claim = self.claims.get(name)
        if claim is None:
            names = sorted({*self.claims, *self.variables})
            close = get_close_matches(name, names)
            meant = f"did you mean `{close[0]}`? " if close else ""
            self._problem(
                place, f"undeclared name `{name}`: {meant}declared are {', '.join(names) or 'nothing'}"
            )
        elif claim.is_list and not is_list:
            self._problem(place, f"`{name}` is a list: write `{{% for item in {name} %}}`")
        elif is_list and not claim.is_list:
            self._problem(place, f"`{name}` is no list: declare it with `list = true`")
        return claim is not None and claim.is_list == is_list

    def _if(self, node: nodes.If, scope: "_Scope", rest: list[nodes.If], last: list[nodes.Node]) -> If:
        """`rest` are the `elif` after this one; Jinja keeps what stands under `else` (`last`) with the first `if`."""
        place = Place(scope.template, node.lineno)
        inside = self._deeper(scope, place)
        if inside is None:
            return If(InScopes(""), (), (), place)
        return If(
            self._test(node.test, scope),
            self._body(node.body, inside),
            (self._if(rest[0], inside, rest[1:], last),) if rest else self._body(last, inside),
            place,
        )

    def _for(self, node: nodes.For, scope: "_Scope") -> list[Node]:
        place = Place(scope.template, node.lineno)
        if not isinstance(node.target, nodes.Name) or not isinstance(node.iter, nodes.Name):
            self._problem(place, "a loop is `{% for NAME in LIST_CLAIM %}`")
            return []
        target = node.target.name
        if node.test or node.recursive or node.else_:
            self._problem(place, "a loop has no `if`, `recursive` or `else`: a list has at least one item")
        if target in {*self.claims, *self.variables, *scope.loops, *RESERVED}:
            self._problem(place, f"the loop's name `{target}` is taken already")
        inside = self._deeper(scope, place)
        if not self._claim(node.iter.name, place, is_list=True) or inside is None:
            return []
        inside = replace(inside, loops={**scope.loops, target: node.iter.name}, in_loop=True)
        return [For(target, node.iter.name, self._body(node.body, inside), place)]

    def _include(self, node: nodes.Include, scope: "_Scope") -> Program:
        place = Place(scope.template, node.lineno)
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        if (
            not isinstance(name, str)
            or not name.endswith(SUFFIX)
            or node.ignore_missing
            or not node.with_context
        ):
            self._problem(place, f'an include is `{{% include "NAME{SUFFIX}" %}}`')
            return ()
        name = name.removesuffix(SUFFIX)
        if name not in self.sources:
            self._problem(place, f"no template {name + SUFFIX!r} to include")
            return ()
        if name in scope.within:
            self._problem(place, f"{name + SUFFIX!r} includes itself")
            return ()
        inside = self._deeper(scope, place)
        if inside is None:
            return ()
        return self._file(replace(inside, template=name, within=(*scope.within, name), in_loop=False))

    def _deeper(self, scope: "_Scope", place: Place) -> "_Scope | None":
        """The scope one step further in; None where that is a step too far, which is noted.

        What runs a program calls itself for each step, and a Lambda may have less room for that than the check had.
        """
        if scope.depth < MAX_DEPTH:
            return replace(scope, depth=scope.depth + 1)
        within = "`if`, `elif`, `for`, `include`, `and`, `or` and `not` within one another"
        self._problem(place, f"{TOO_DEEP}: more than {MAX_DEPTH} of {within}")
        return None

    def _test(self, node: nodes.Node, scope: "_Scope") -> Test:
        if isinstance(node, nodes.Not | nodes.And | nodes.Or):
            inside = self._deeper(scope, Place(scope.template, node.lineno))
            return self._joined(node, inside) if inside else InScopes("")
        match node:
            case nodes.Test(node=nodes.Name(name=name), name="defined" | "undefined" as word):
                if name in self.claims:
                    return IsDefined(name) if word == "defined" else Not(IsDefined(name))
            case nodes.Getattr(node=nodes.Name(name="loop"), attr="first" | "last" as which) if scope.in_loop:
                return LoopIs("first" if which == "first" else "last")
            case nodes.Name(name=name) if name not in scope.loops and self._type(name) == "boolean":
                return Equals(name, "true")
            case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]):
                test = self._compare(left, right, op, scope)
                if test is not None:
                    return test if op in {"in", "eq"} else Not(test)
        self._problem(Place(scope.template, node.lineno), f"this test is not one of {TESTS}")
        return InScopes("")

    def _joined(self, node: nodes.Not | nodes.And | nodes.Or, scope: "_Scope") -> Test:
        if isinstance(node, nodes.Not):
            return Not(self._test(node.node, scope))
        return Both(self._test(node.left, scope), self._test(node.right, scope), isinstance(node, nodes.Or))

    def _compare(self, left: nodes.Expr, right: nodes.Expr, op: str, scope: "_Scope") -> Test | None:
        place = Place(scope.template, left.lineno)
        match left, right:
            case nodes.Const(value=str() as text), nodes.Name(name="scopes") if op in {"in", "notin"}:
                return InScopes(text)
            case nodes.Const(value=value), nodes.Name(name=name) if op in {"in", "notin"}:
                if self._claim(name, place, is_list=True):
                    return Contains(name, self._possible(name, value, place))
                return Contains(name, "")
            case nodes.Name(name=name), nodes.Const(value=value) if op in {"eq", "ne"}:
                return self._any_of(name, [value], place, scope)
            case nodes.Name(name=name), nodes.List(items=items) if op in {"in", "notin"}:
                values = [item.value for item in items if isinstance(item, nodes.Const)]
                if len(values) == len(items):
                    return self._any_of(name, values, place, scope)
        return None

    def _any_of(self, name: str, values: Sequence[object], place: Place, scope: "_Scope") -> Test | None:
        """Whether a claim or a variable is one of these."""
        if name in scope.loops:
            return None
        if not 0 < len(values) <= MAX_LISTED or len(set(map(repr, values))) != len(values):
            self._problem(
                place, f"`{name} in […]` lists {len(values)} texts: expected 1 to {MAX_LISTED}, each once"
            )
            return InScopes("")
        if name in self.variables:
            for value in values:
                if not isinstance(value, str):
                    self._problem(place, f"`{name}` is compared with {value!r}: a variable is text")
            return _one_of([VariableIs(name, str(value)) for value in values])
        if not self._claim(name, place, is_list=False):
            return InScopes("")
        return _one_of([Equals(name, self._possible(name, value, place)) for value in values])

    def _type(self, name: str) -> str | None:
        claim = self.claims.get(name)
        return None if claim is None or claim.is_list else claim.name

    def _possible(self, name: str, value: object, place: Place) -> str:
        """The text that a claim's value would be, or an item's of a list."""
        kind = self.claims[name]
        try:
            checked = kind.check([value] if kind.is_list else value)
        except ValueRefused as error:
            self._problem(place, f"no `{name}` is ever like this: the value {error.reason}")
            return ""
        text = checked if isinstance(checked, str) else checked[0]
        if isinstance(value, str) and text != value:
            self._problem(place, f"no `{name}` is ever like this: it is {text!r}, by its `lower_case`")
        return text


def _one_of(tests: Sequence[Test]) -> Test:
    """`or` between them, nested no deeper than it must be."""
    if len(tests) == 1:
        return tests[0]
    half = len(tests) // 2
    return Both(_one_of(tests[:half]), _one_of(tests[half:]), either=True)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is in reach at one point of one file."""

    template: str
    loops: Mapping[str, str]
    within: tuple[str, ...]
    in_loop: bool = False
    """In a loop of this very file: an included file does not see `loop`."""
    depth: int = 0
    """How far in this is, includes and all."""
