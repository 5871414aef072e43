"""The partitions of AWS: what an ARN's second field may be, and which Regions lie in each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Partition:
    """One row, under its name."""

    region: str
    """What its Regions' names look like, as a regular expression. No name is of two partitions."""
    domain: str
    """What its services' host names end in."""


PARTITIONS: Final[Mapping[str, Partition]] = MappingProxyType(
    {
        "aws": Partition(r"(?!cn-)[a-z]{2}-[a-z]+-[0-9]", "amazonaws.com"),
        "aws-cn": Partition(r"cn-[a-z]+-[0-9]", "amazonaws.com.cn"),
        "aws-us-gov": Partition(r"us-gov-[a-z]+-[0-9]", "amazonaws.com"),
        "aws-iso": Partition(r"us-iso-[a-z]+-[0-9]", "c2s.ic.gov"),
        "aws-iso-b": Partition(r"us-isob-[a-z]+-[0-9]", "sc2s.sgov.gov"),
        "aws-iso-e": Partition(r"eu-isoe-[a-z]+-[0-9]", "cloud.adc-e.uk"),
        "aws-iso-f": Partition(r"us-isof-[a-z]+-[0-9]", "csp.hci.ic.gov"),
        "aws-eusc": Partition(r"eusc-[a-z]{2}-[a-z]+-[0-9]", "amazonaws.eu"),
    }
)
"""AWS General Reference, "Amazon Resource Names"; botocore's `partitions`."""


def partition_of(region: str) -> str | None:
    """The name of the partition in which a Region lies; None: no Region has such a name."""
    return next((name for name, row in PARTITIONS.items() if re.fullmatch(row.region, region)), None)
