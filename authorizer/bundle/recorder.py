"""Imports modules, and prints what they compiled meanwhile. Run as `python -m … LIBRARY,LIBRARY MODULE …`.

It imports as little as Lambda has before the handler, since what is there already is compiled no more.
"""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import Any

from typing_extensions import override

from authorizer.startup import compiling


class _Asked(dict[Any, Any]):
    """Has nothing, and keeps what it was asked for."""

    @override
    def get(self, key: Any, default: Any = None) -> Any:
        self[key] = default
        return default


class _Bundled:
    """A finder that knows no library but those of the bundle: some are imported by whoever can do without."""

    def __init__(self, finder: Any, libraries: Iterable[str]) -> None:
        self._finder = finder
        self._known = {*libraries, *sys.stdlib_module_names, "authorizer"}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in self._known:
            return None
        found: ModuleSpec | None = self._finder.find_spec(name, path, target)
        return found


def main(libraries: str, *modules: str) -> None:
    sys.meta_path[:] = [_Bundled(finder, libraries.split(",")) for finder in sys.meta_path]
    texts, patterns = _Asked(), _Asked()
    with compiling(texts, patterns):
        for module in modules:
            import_module(module)
    print((sorted(texts), sorted(patterns, key=repr)))  # noqa: T201 - to `ahead`, which reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
