"""Ready session policies for a tenant's share of an AWS service, each with its cases and its rows for `access.toml`.

A kind is three files: `templates/NAME.json.j2`, `cases/NAME.toml` and `access/NAME.toml`. They lie as a user's
`policies/` does, and `authorizer policy add NAME` brings them there. Nothing here is loaded in Lambda.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from authorizer.library.rows import Added, Kept, RowsRefused, add_rows

__all__ = ["KINDS", "Added", "Kept", "Kind", "RowsRefused", "add_rows"]

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource, and how the library keeps tenants apart in it."""

    name: str
    """Of the template, its cases and its policy."""
    opens: str
    """What one tenant gets."""
    shared: int = 0
    """How many resources are common to all tenants on purpose: the proof leaves them out."""

    @property
    def verdict(self) -> str:
        """What `authorizer policy prove` says of it."""
        return "PROVEN" if not self.shared else f"PROVEN, less {self.shared} shared"

    @property
    def template(self) -> str:
        """The template's text."""
        return _read("templates", f"{self.name}.json.j2")

    @property
    def cases(self) -> str:
        """The cases, as a file of `policies/cases/`."""
        return _read("cases", f"{self.name}.toml")

    @property
    def rows(self) -> str:
        """What the template needs in `access.toml`: its claim, its variables, its promise and a role, as TOML."""
        return _read("access", f"{self.name}.toml")


def _read(folder: str, name: str) -> str:
    return (FOLDER / folder / name).read_text(encoding="utf-8")


KINDS: Final = (
    Kind(name="s3", opens="one folder of a bucket"),
    Kind(name="s3-access-point", opens="one access point, and one folder in it"),
    Kind(name="s3-vectors", opens="the vector indexes whose name begins with the tenant"),
    Kind(name="dynamodb", opens="the items of one tenant in a table"),
    Kind(name="sqs", opens="one queue"),
    Kind(name="sns", opens="one topic, delivered to the tenant's own queue"),
    Kind(name="kms", opens="what one tenant encrypts under a key that all share"),
    Kind(name="secrets-manager", opens="the secrets under one name"),
    Kind(name="ssm", opens="the parameters under one path"),
    Kind(name="eventbridge", opens="one event bus, and a look at its rules"),
    Kind(name="step-functions", opens="one state machine and its executions"),
    Kind(name="execute-api", opens="the routes under one path of an API"),
    Kind(name="bedrock", opens="inference profiles and knowledge bases with one tag", shared=1),
    Kind(name="rds-db", opens="sign-in as one database user"),
    Kind(name="lambda", opens="one alias of a function"),
    Kind(name="logs", opens="one log group"),
)
"""Every kind, in the order of `docs/library.md`."""
