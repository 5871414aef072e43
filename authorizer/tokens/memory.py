"""A bounded memory of recent outcomes, by the digest of the token: the token itself is not kept."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """At most `size` entries; the one that was longest not asked for goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[bytes, T] = {}

    def get(self, digest: bytes) -> T | None:
        """The entry, which becomes the youngest."""
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._entries[digest] = entry
        return entry

    def put(self, digest: bytes, entry: T) -> None:
        """Remember, and forget the oldest entry if there is no room."""
        self._entries.pop(digest, None)
        if len(self._entries) >= self._size:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = entry

    def __len__(self) -> int:
        return len(self._entries)
