"""Tags as condition keys: those that a request gives or takes away, and those that a resource has.

Source: IAM User Guide, "AWS global condition context keys": `aws:RequestTag`, `aws:TagKeys`, `aws:ResourceTag`.
"""

from typing import Final

from authorizer.local_aws.needs import Call
from authorizer.local_aws.state import tags_of

KEYS: Final = frozenset({"aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"})
"""What is filled here, in lower case."""


def of_request(call: Call) -> dict[str, str | tuple[str, ...]]:
    """`aws:RequestTag/…` and `aws:TagKeys` of an operation that names tags; none of another."""
    asked = call.parameters
    given = tags_of(asked.get("Tags", asked.get("tags", ())))
    names = (*given, *asked.get("TagKeys", ()))
    keys: dict[str, str | tuple[str, ...]] = {
        f"aws:RequestTag/{name}": value for name, value in given.items()
    }
    return {**keys, "aws:TagKeys": names} if names else keys


def of_resource(tags: object) -> dict[str, str | tuple[str, ...]]:
    """`aws:ResourceTag/…` of moto's tags, in any of its forms."""
    return {f"aws:ResourceTag/{name}": value for name, value in tags_of(tags).items()}
