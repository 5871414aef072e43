"""The mutants: each is one change of one place of one module that breaks a check. Pure, and knows nothing of tests.

What is changed, one operator a function, all of them in `OPERATORS`:

* an `if` that never or always holds; an operand of an `and` or `or`, or a filter, left out
* ``<`` for ``<=`` and back; a comparison whose answer is used turned round; `any` for `all`, `min` for `max`, ``|`` for
  ``&``, ``+`` for ``-``, and back
* a ``raise``, a call made for its effect, or a change of state left out; an exception that is not caught
* a row left out of a table, a member out of a set of names, a key out of a dict, an option out of a call
* True for False and back: defaults and security options; a limit twice as large
* a regular expression with one alternative less, a longer repetition, without its flag, or matched less strictly;
  a text that is not brought into one case, or not stripped
"""

import ast
import itertools
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import authorizer

SOURCES: Final = Path(authorizer.__file__).parent
LONGEST: Final = 100
"""Characters of a quoted piece of code in a key."""

BOUNDARY: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
SWAPPED: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OPPOSITE: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}
LAXER: Final = {"fullmatch": "match", "match": "search"}
NORMALISING: Final = frozenset({"casefold", "lower", "strip", "upper"})
WORDS: Final = frozenset({"expected", "maxsize", "help"})
"""Arguments that only say something, or how much is remembered."""
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SILENT: Final = frozenset({"annotation", "bases", "decorator_list", "returns", "type_comment", "type_params"})
"""Fields of syntax nodes that decide nothing when a request comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one module."""

    module: str
    """`identity/permit`."""
    place: str
    """The function, class or table; empty for the rest of the module."""
    what: str
    """What is changed, with its code and without line numbers, so that the list survives edits elsewhere."""
    number: int
    """Its place among the changes of its module."""
    lines: range
    name: str
    """Of what the place is part of, such as a constant: whoever uses it mentions the name."""
    at_import: bool
    """Whether it stands outside every function, and so is run by whichever test imports its module first."""

    @property
    def key(self) -> str:
        return f"{self.module}: {self.place}: {self.what}"

    def code(self) -> types.CodeType:
        """The changed module, compiled."""
        file = SOURCES / f"{self.module}.py"
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
        next(itertools.islice(_changes(tree, source), self.number, None)).make()
        return compile(ast.fix_missing_locations(tree), str(file), "exec")


def imported_as(module: str) -> str:
    """The name under which a module is imported."""
    return ".".join(("authorizer", *module.removesuffix("__init__").strip("/").split("/"))).rstrip(".")


@cache
def mutants(module: str) -> tuple[Mutant, ...]:
    """Every mutant of `module`, in the order of its source."""
    source = (SOURCES / f"{module}.py").read_text(encoding="utf-8")
    found: dict[tuple[str, str], Mutant] = {}
    for number, change in enumerate(_changes(ast.parse(source), source)):
        what = change.what
        for again in itertools.count(2):
            if (change.place, what) not in found:
                break
            what = f"{change.what} ({again})"
        found[change.place, what] = Mutant(
            module=module,
            place=change.place,
            what=what,
            number=number,
            lines=change.lines,
            name=change.name,
            at_import=change.at_import,
        )
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A syntax node and where it stands."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    place: str
    statement: ast.stmt
    in_function: bool
    decides: bool
    """Whether it is a condition: what breaks the condition breaks it too."""

    def put(self, other: ast.AST) -> None:
        """`other` in its place."""
        if self.index is None:
            setattr(self.parent, self.field, other)
        else:
            getattr(self.parent, self.field)[self.index] = other


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    place: str
    what: str
    make: Callable[[], None]
    lines: range
    name: str
    at_import: bool


Operator = Callable[[_Spot, Callable[[ast.AST], str]], Iterator[tuple[str, Callable[[], None]]]]


def _changes(tree: ast.Module, source: str) -> Iterator[_Change]:
    octets = source.encode()
    starts = [0, *itertools.accumulate(len(line) for line in octets.splitlines(keepends=True))]

    def text(node: ast.AST) -> str:  # `ast.get_source_segment` splits the whole source each time
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )
        found = " ".join(octets[start:end].decode().split())
        return found if len(found) <= LONGEST else f"{found[: LONGEST - 1]}…"

    for spot in _spots(tree):
        at = spot.node if isinstance(spot.node, ast.expr) else spot.statement
        for operator in OPERATORS:
            for what, make in operator(spot, text):
                yield _Change(
                    place=spot.place,
                    what=what,
                    make=make,
                    lines=range(at.lineno, (at.end_lineno or at.lineno) + 1),
                    name=_name(spot.statement) or spot.place.rpartition(".")[2],
                    at_import=not spot.in_function,
                )


def _spots(tree: ast.Module) -> Iterator[_Spot]:
    root = _Spot(
        node=tree, parent=tree, field="", index=None, place="", statement=ast.Pass(), in_function=False, decides=False
    )  # fmt: skip
    yield from _inside(root)


def _inside(outer: _Spot) -> Iterator[_Spot]:
    node = outer.node
    for field, value in ast.iter_fields(node):
        if field in SILENT:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _says_nothing(child):
                continue
            spot = _Spot(
                node=child,
                parent=node,
                field=field,
                index=index,
                place=_place(child, outer),
                statement=child if isinstance(child, ast.stmt) else outer.statement,
                in_function=outer.in_function or (field == "body" and isinstance(node, FUNCTIONS)),
                decides=field in ("test", "ifs")
                or isinstance(node, ast.BoolOp)
                or (outer.decides and isinstance(node, ast.UnaryOp)),
            )  # fmt: skip
            yield spot
            if not isinstance(child, ast.Raise):  # what stands in it is a message
                yield from _inside(spot)


def _says_nothing(node: ast.AST) -> bool:
    """For the reader or the type checker alone."""
    return (
        isinstance(node, ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom | ast.expr_context)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Assign) and _name(node) in {"__all__", "__slots__"})
    )


def _place(node: ast.AST, outer: _Spot) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"{outer.place}.{node.name}".lstrip(".")
    return outer.place or (_name(node) if isinstance(node, ast.Assign | ast.AnnAssign) else "")


def _name(statement: ast.stmt) -> str:
    """What the statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        return target.id if isinstance(target, ast.Name) else ""
    return ""


# ── The operators: a spot → what could be changed there, and the change ────────────────────────────────────────


def _conditions(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        kind = "while" if isinstance(node, ast.While) else "if"
        yield f"never `{kind} {text(node.test)}`", partial(setattr, node, "test", ast.Constant(False))
        if isinstance(node, ast.IfExp) or (
            isinstance(node, ast.If) and not isinstance(node.body[-1], ast.Raise)
        ):
            yield f"always `{kind} {text(node.test)}`", partial(setattr, node, "test", ast.Constant(True))
    elif isinstance(node, ast.BoolOp):
        for index, operand in enumerate(node.values):
            # One operand twice is as good as the other one left out.
            other = node.values[index - 1]
            what = f"no `{text(operand)}` in `{text(node)}`"
            yield what, partial(node.values.__setitem__, index, other)
    elif isinstance(node, ast.comprehension):
        for index, test in enumerate(node.ifs):
            yield f"no filter `if {text(test)}`", partial(node.ifs.__setitem__, index, ast.Constant(True))


def _comparisons(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            if type(operator) in BOUNDARY:
                what = f"limit {index + 1} of `{text(node)}`"
                yield what, partial(node.ops.__setitem__, index, BOUNDARY[type(operator)]())
        if not spot.decides and not any(type(operator) in BOUNDARY for operator in node.ops):
            yield f"`{text(node)}` turned round", partial(spot.put, ast.UnaryOp(ast.Not(), node))
    elif (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.Not)
        and not spot.decides
        and not isinstance(node.operand, ast.Compare)
    ):
        yield f"`{text(node)}` turned round", partial(spot.put, node.operand)


def _opposites(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OPPOSITE:
        other = OPPOSITE[node.func.id]
        yield f"{other} for `{text(node)}`", partial(setattr, node.func, "id", other)
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        if _is_union(spot):
            yield f"no `{text(node.right)}` in `{text(node)}`", partial(spot.put, node.left)
            if not isinstance(node.left, ast.BinOp):
                yield f"no `{text(node.left)}` in `{text(node)}`", partial(spot.put, node.right)
        elif not _is_text(node.left) and not _is_text(node.right):
            sign = {ast.Add: "-", ast.Sub: "+", ast.BitOr: "&", ast.BitAnd: "|"}[type(node.op)]
            yield f"{sign} in `{text(node)}`", partial(setattr, node, "op", SWAPPED[type(node.op)]())


def _is_union(spot: _Spot) -> bool:
    """Of types, in the second argument of `isinstance`."""
    parent = spot.parent
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Name)
        and parent.func.id == "isinstance"
        and spot.field == "args"
    )


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _effects(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node, parent = spot.node, spot.parent
    if isinstance(node, ast.Raise):
        guarded = isinstance(parent, ast.If) and spot.field == "body"  # `never` is the same change
        if not guarded:
            yield f"no `raise {text(node.exc) if node.exc else ''}`", partial(spot.put, ast.Pass())
    elif isinstance(node, ast.Expr | ast.Delete) or (
        isinstance(node, ast.AugAssign | ast.Assign) and spot.in_function and not _is_local(node)
    ):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
            return
        yield f"no `{text(node)}`", partial(spot.put, ast.Pass())


def _is_local(node: ast.AugAssign | ast.Assign) -> bool:
    """A name is given its value: what uses it would fail without."""
    return isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Attribute | ast.Subscript)


def _handlers(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in kinds:
            left: list[ast.expr] = [other for other in kinds if other is not kind]
            yield f"`{text(kind)}` is not caught", partial(setattr, node, "type", ast.Tuple(left, ast.Load()))


def _rows(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and _is_table(spot):
        for element in list(node.elts):
            if not isinstance(element, ast.Starred):
                head = element.elts[0] if isinstance(element, ast.Tuple) and element.elts else element
                yield f"no row `{text(head)}`", partial(node.elts.remove, element)
    elif isinstance(node, ast.Dict):
        for key, value in list(zip(node.keys, node.values, strict=True)):
            if key is not None:
                yield f"no key `{text(key)}`", partial(_without, node, key, value)
    elif isinstance(node, ast.Call):
        for option in list(node.keywords):
            if option.arg is not None and option.arg not in WORDS:
                yield f"no `{option.arg}` in `{text(node)}`", partial(node.keywords.remove, option)


def _is_table(spot: _Spot) -> bool:
    """A table of the module, a list of names to be among, or one to walk through."""
    if isinstance(spot.parent, ast.Compare):
        return spot.field == "comparators"
    if isinstance(spot.parent, ast.For | ast.comprehension):
        return spot.field == "iter"
    if isinstance(spot.parent, ast.Tuple | ast.List | ast.Subscript):
        return False  # a row, or a type
    return not spot.in_function


def _without(node: ast.Dict, key: ast.expr, value: ast.expr) -> None:
    node.keys.remove(key)
    node.values.remove(value)


def _constants(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        around = (
            f"{spot.parent.arg}={node.value}" if isinstance(spot.parent, ast.keyword) else str(node.value)
        )
        at = spot.parent if isinstance(spot.parent, ast.stmt) and spot.field == "value" else None
        what = f"`{text(at) if at else around}` turned round"
        yield what, partial(spot.put, ast.Constant(not node.value))
    elif (
        isinstance(node.value, int | float)
        and isinstance(spot.parent, ast.Assign | ast.AnnAssign)
        and not spot.in_function
    ):
        yield f"`{text(spot.parent)}` doubled", partial(spot.put, ast.Constant(node.value * 2 or 1))


def _patterns(spot: _Spot, text: Callable[[ast.AST], str]) -> Iterator[tuple[str, Callable[[], None]]]:
    node = spot.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name, base = node.func.attr, node.func.value
    if name in LAXER:
        yield f"{LAXER[name]} for `{text(node)}`", partial(setattr, node.func, "attr", LAXER[name])
    if name in NORMALISING:
        yield f"no {name} in `{text(node)}`", partial(spot.put, base)
    if not (isinstance(base, ast.Name) and base.id == "re" and node.args):
        return
    pattern, *others = node.args
    for other in others:
        if isinstance(other, ast.Attribute):
            yield f"no `{text(other)}` in `{text(node)}`", partial(node.args.remove, other)
    if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
        for what, laxer in _laxer(pattern.value):
            yield what, partial(setattr, pattern, "value", laxer)


def _laxer(pattern: str) -> Iterator[tuple[str, str]]:
    """Patterns with one alternative of the outermost level less, or one repetition that may be longer."""
    pieces = _alternatives(pattern)
    for piece in pieces if len(pieces) > 1 else ():
        yield f"no alternative `{piece}`", "|".join(other for other in pieces if other is not piece)
    for match in re.finditer(r"(?<!\\)\{(?:(\d+),)?(\d+)\}", pattern):
        longer = f"{{{match[1] or match[2]},{int(match[2]) + 1}}}"
        what = f"`{match[0]}` one longer at {match.start()} of `{pattern[:LONGEST]}`"
        yield what, pattern[: match.start()] + longer + pattern[match.end() :]


def _alternatives(pattern: str) -> list[str]:
    pieces, depth = [""], 0
    for part in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", pattern, re.DOTALL):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "|" and not depth:
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces


OPERATORS: Final[tuple[Operator, ...]] = (
    _conditions,
    _comparisons,
    _opposites,
    _effects,
    _handlers,
    _rows,
    _constants,
    _patterns,
)
