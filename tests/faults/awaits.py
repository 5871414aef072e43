"""Every place where the request path waits, found in its source, and made to fail where it is asked to.

`spoiling()` makes later imports of the request path go through here: ``await x`` becomes ``await at(place, x)``, and so
do ``async with`` and ``async for``. `at` does nothing of its own until a `Fault` is set.
"""

import ast
import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from typing_extensions import override

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGE: Final = ROOT / "authorizer"
ELSEWHERE: Final = (
    "backend",
    "bundle",
    "capacity",
    "cli",
    "client.py",
    "local",
    "local_aws",
    "local_gateway",
)
"""Rooms that no request of the authorizer comes through."""
OF_A_BACKEND: Final = "pipeline: assume: "
"""The flow that a backend takes, which answers no gateway: tests/backend."""


@cache
def places() -> tuple[str, ...]:
    """`room/module: function: what is waited for`, without its arguments, for every place."""
    found: list[str] = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.relative_to(PACKAGE).parts[0] not in ELSEWHERE:
            marking = _Marking(file)
            marking.visit(ast.parse(file.read_text(encoding="utf-8")))
            found += marking.places
    return tuple(place for place in found if not place.startswith(OF_A_BACKEND))


@cache
def ours() -> frozenset[str]:
    """Names of our own coroutine functions: what is awaited under another name is somebody else's."""
    return frozenset(
        node.name
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncFunctionDef)
    )


class _Marking(ast.NodeTransformer):
    """Puts the name of each place where it waits into the code of a module."""

    def __init__(self, file: Path) -> None:
        self.places: list[str] = []
        self._module = str(file.relative_to(PACKAGE).with_suffix(""))
        self._inside: list[str] = []

    @override
    def visit(self, node: ast.AST) -> Any:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._inside.append(node.name)
        if isinstance(node, ast.Await):
            node.value = self._call("at", node.value)
        elif isinstance(node, ast.AsyncWith):
            for item in node.items:
                item.context_expr = self._call("within", item.context_expr)
        elif isinstance(node, ast.AsyncFor):
            node.iter = self._call("each", node.iter)
        self.generic_visit(node)
        if named:
            self._inside.pop()
        return node

    def _call(self, name: str, awaited: ast.expr) -> ast.Call:
        what = ast.unparse(awaited.func if isinstance(awaited, ast.Call) else awaited)
        wording = f"{self._module}: {'.'.join(self._inside)}: {what}"
        place = next(
            p
            for n in itertools.count(1)
            if (p := f"{wording} ({n})" if n > 1 else wording) not in self.places
        )
        self.places.append(place)
        return ast.Call(ast.Name(f"spoilt_{name}", ast.Load()), [ast.Constant(place), awaited], [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong at one place, each time that it is reached."""

    place: str
    seconds: float = 0.0
    """How long it takes before anything else."""
    raises: BaseException | None = None
    gives: Callable[[Any], object] | None = None
    """What it gives in place of the result."""


@dataclass(slots=True)
class State:
    """What is to go wrong, and what was reached."""

    fault: Fault | None = None
    reached: Counter[str] = field(default_factory=Counter)


STATE: Final = State()


async def at(place: str, awaitable: Awaitable[Any]) -> Any:
    """What `await awaitable` gives, unless a fault is set there."""
    STATE.reached[place] += 1
    fault = STATE.fault
    if fault is None or fault.place != place:
        return await awaitable
    if fault.seconds:
        await asyncio.sleep(0)  # as everywhere here: the runtime starts the loop at this yield
        await asyncio.sleep(fault.seconds)
    if fault.raises is not None:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()  # never awaited, and on purpose
        raise fault.raises
    result = await awaitable
    return result if fault.gives is None else fault.gives(result)


class within:  # noqa: N801 - stands where a function would
    """The same for ``async with``: its beginning."""

    def __init__(self, place: str, manager: AbstractAsyncContextManager[Any]) -> None:
        self._place = place
        self._manager = manager

    async def __aenter__(self) -> Any:
        return await at(self._place, self._manager.__aenter__())

    async def __aexit__(self, *error: Any) -> Any:  # noqa: PYI036 - they are handed on
        return await self._manager.__aexit__(*error)


async def each(place: str, items: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The same for ``async for``: each of its items."""
    iterator = aiter(items)
    while True:
        try:
            yield await at(place, anext(iterator))
        except StopAsyncIteration:
            return


class _Loader(SourceFileLoader):
    """Compiles a module of ours with its places marked; never from or into the cache of compiled modules."""

    @override
    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        _Marking(Path(self.path)).visit(tree)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    @override
    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(spoilt_at=at, spoilt_within=within, spoilt_each=each)
        super().exec_module(module)


class _Finder(MetaPathFinder):
    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("authorizer."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


def spoiling() -> None:
    """Before anything of `authorizer` is imported, in a process of its own."""
    loaded = [name for name in sys.modules if name.startswith("authorizer.")]
    assert not loaded, f"too late: {', '.join(loaded)} cannot be spoilt any more"
    sys.meta_path.insert(0, _Finder())
