"""What a decision was made by: the configuration as it was then, with the text that it was read from."""

from dataclasses import dataclass, field

from authorizer.local_gateway.api import Api
from authorizer.settings.schema import Access


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """One loading of the user's files. The templates' text stands in `Settings.template_sources`."""

    access: Access
    source: str = field(repr=False)
    """The text of access.toml."""
    apis: tuple[Api, ...] = ()
    """What was served with it."""
