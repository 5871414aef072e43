"""An AWS on a laptop that enforces: moto's services behind a door that judges each request as IAM would. Never in
Lambda."""

from authorizer.local_aws.journal import Line
from authorizer.local_aws.server import LocalAws
from authorizer.local_aws.sessions import Principal

__all__ = ["Line", "LocalAws", "Principal"]
