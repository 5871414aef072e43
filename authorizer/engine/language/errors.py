"""Everything that the policy engine raises on purpose: a small tree of its own, since the engine is a library.

::

    EngineError
    ├── ClaimTypeInvalid   a declaration of a claim type cannot be used; lists every problem
    ├── ValueRefused       a value is not of its declared type
    ├── ValueMissing       a template needs a claim that this user does not have
    ├── DocumentInvalid    IAM itself would call the document malformed; lists every problem
    │   └── DocumentRefused   IAM takes it, this engine does not: a stricter rule, named
    ├── NothingAllowed     no statement with Effect Allow
    ├── PolicyTooLarge     more characters than STS takes
    ├── TemplateInvalid    templates cannot be used; lists every problem with its file and line
    ├── RenderFailed       a template rendered to something that is no session policy
    └── CaseInvalid        a case file cannot be read; lists every problem

No message holds a claim's value: values are hostile, and messages reach logs.
"""

from collections.abc import Iterable


class EngineError(Exception):
    """Root of every error of the engine."""


class ClaimTypeInvalid(EngineError, ValueError):
    """A claim type's declaration, such as `{ type = "slug", max_length = 32 }`, cannot be used."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class ValueRefused(EngineError):
    """A value is not of its declared type. `reason` says what is wrong and never quotes the value."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ValueMissing(EngineError):
    """A template needs a claim that this user does not have; `name` is its name in templates."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the template needs claim `{name}`, which this user does not have")


class DocumentInvalid(EngineError):
    """IAM would refuse the document as malformed. `problems` has every one, with the statement it stands in."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class DocumentRefused(DocumentInvalid):
    """IAM may take the document; a stricter rule of this engine does not. `rules` names each broken rule."""

    def __init__(self, problems: Iterable[str], rules: Iterable[str]) -> None:
        super().__init__(problems)
        self.rules = tuple(rules)


class NothingAllowed(EngineError):
    """The policy has no statement with Effect Allow: as a session policy it would allow nothing."""

    def __init__(self) -> None:
        super().__init__("the policy has no statement with Effect Allow")


class PolicyTooLarge(EngineError):
    """The policy has more characters than STS takes."""

    def __init__(self, length: int, limit: int) -> None:
        self.length = length
        self.limit = limit
        super().__init__(f"the policy has {length} characters, at most {limit} are taken")


class TemplateInvalid(EngineError):
    """Templates that cannot be used. `problems` has every one, each as `NAME.json.j2:LINE: what is wrong`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class RenderFailed(EngineError):
    """A template rendered to something that is no session policy of this engine."""


class CaseInvalid(EngineError):
    """A case file cannot be read. `problems` has every one, with its file."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
