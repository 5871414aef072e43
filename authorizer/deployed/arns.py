"""Which ARN a name, an URL or an attribute means. Two resources of different types may have the same name: a text means
something only together with the type that is asked for, and all of its resources that have it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Arns:
    """The resources of one file."""

    write: Callable[..., str]
    """A form of `kinds` with `target` → an ARN."""
    _found: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def add(self, kind: str, text: str, arn: str) -> None:
        """What names a resource."""
        self._found.setdefault((kind, text), {})[arn] = None

    def behind(self, reference: object, kinds: Sequence[str] = (), otherwise: str = "*") -> tuple[str, ...]:
        """The ARNs of what a property names; `otherwise` is the form of one that is in none of the files."""
        text = reference if isinstance(reference, str) else ""
        found = {arn: None for kind in kinds for arn in self._found.get((kind, text), ())}
        if found:
            return tuple(found)
        return (text,) if text.startswith("arn:") else (self.write(otherwise, target=text or "*"),)
