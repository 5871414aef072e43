"""Resources with an ARN of their own that lie inside another: who reaches them reaches what that one holds."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """One kind of resources with an ARN of their own inside another's."""

    service: str
    whole: str
    """What the last field of the other's ARN begins with."""
    tail: str
    """What stands behind the other's ARN."""


INSIDE: Final = (
    Inside(service="dynamodb", whole="table/", tail="/index/"),
    Inside(service="dynamodb", whole="table/", tail="/stream/"),
    Inside(service="dynamodb", whole="table/", tail="/backup/"),
    Inside(service="dynamodb", whole="table/", tail="/export/"),
)
"""Sources: Service Authorization Reference, "Resource types defined by Amazon DynamoDB"; Amazon DynamoDB Developer
Guide, "Using IAM with global secondary indexes", "Change data capture for DynamoDB Streams", "Using on-demand backup
and restore" and "DynamoDB data export to Amazon S3"."""
