"""What is said of managed session policies: they stand beside the one that templates render, and add to it. A question
about what templates allow is no answer about them."""

from collections.abc import Iterable, Iterator

from authorizer.model import Role


def managed(roles: Iterable[Role]) -> Iterator[str]:
    """Which of the roles pass some, in words."""
    for role in roles:
        if role.managed_policies:
            yield f"role {role.name} passes managed_policies: what they allow besides is not seen here"
