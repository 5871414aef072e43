"""A bounded memory of recent outcomes, by the digest of the token: the token itself is not kept."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """At most `size` entries; the one that was longest not asked for goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        # A plain dict grows slow when its oldest entry is taken out again and again.
        self._entries: OrderedDict[bytes, T] = OrderedDict()

    def get(self, digest: bytes) -> T | None:
        """The entry, which becomes the youngest."""
        entry = self._entries.get(digest)
        if entry is not None:
            self._entries.move_to_end(digest)
        return entry

    def put(self, digest: bytes, entry: T) -> None:
        """Remember, and forget the oldest entry if there is no room."""
        self._entries[digest] = entry
        self._entries.move_to_end(digest)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
