"""What each service's operations need: one table a service."""

from collections.abc import Mapping
from typing import Final

from authorizer.local_aws import sts
from authorizer.local_aws.needs import Service
from authorizer.local_aws.services import (
    dynamodb,
    events,
    functions,
    kms,
    s3,
    secretsmanager,
    sns,
    sqs,
    ssm,
    stepfunctions,
)

SERVICES: Final[Mapping[str, Service]] = {
    "s3": s3.SERVICE,
    "sts": sts.SERVICE,
    "dynamodb": dynamodb.SERVICE,
    "sqs": sqs.SERVICE,
    "kms": kms.SERVICE,
    "secretsmanager": secretsmanager.SERVICE,
    "ssm": ssm.SERVICE,
    "sns": sns.SERVICE,
    "events": events.SERVICE,
    "states": stepfunctions.SERVICE,
    "lambda": functions.SERVICE,
}
"""Name in the credential scope → its table. Whoever is not the owner gets no further than these."""
