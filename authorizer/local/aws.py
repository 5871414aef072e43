"""The AWS of local runs: the enforcing one, with the roles that access.toml names and what a caller is to try."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from authorizer.errors import SettingsError
from authorizer.model import Credentials, Role

if TYPE_CHECKING:
    from authorizer.local_aws import Line, Principal

FUNCTION: Final = "authorizer-local"
"""Name of the role and of the session that stand for the function's own."""
BACKEND: Final = "backend-local"
"""The same of a backend's."""
NOTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)
EVERYTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
"""What a role of access.toml may do on a laptop, where its own policies are not known: the session policy alone
narrows."""


_LEADING: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN")
UNSET: Final = f"""\
unset {" ".join(_LEADING)}
unset AWS_ENDPOINT_URL $(env | sed -n 's/^\\(AWS_ENDPOINT_URL[A-Za-z0-9_]*\\)=.*/\\1/p')
"""
"""What `elsewhere` names, taken out of a shell: it has names that nobody knows who writes a file for it."""


def elsewhere(environment: Iterable[str]) -> list[str]:
    """The names of an environment that lead AWS's libraries away from the endpoint that `AWS_ENDPOINT_URL` names: a
    service's own endpoint comes before it, a profile before credentials (AWS SDKs and Tools Reference Guide,
    "Service-specific endpoints"), and for botocore `AWS_SECURITY_TOKEN` before `AWS_SESSION_TOKEN`."""
    return [name for name in environment if name.startswith("AWS_ENDPOINT_URL") or name in _LEADING]


def keep_here(environment: MutableMapping[str, str]) -> None:
    """Take out of it what leads elsewhere: where a service's own endpoint stayed, a function would talk to that server,
    and nobody would judge what it asks for."""
    for name in elsewhere(environment):
        del environment[name]


def _past_the_proxy(environment: Mapping[str, str]) -> str:
    """`NO_PROXY` with this machine in it."""
    said = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return said if said == "*" else ",".join(dict.fromkeys((*filter(None, said.split(",")), "127.0.0.1")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One object that a caller asked for with their credentials."""

    place: str
    """`BUCKET/KEY`."""
    status: int
    why: tuple[str, ...]
    """What decided: the statements that allow it, or those that come nearest and did not match."""


class EmbeddedAws:
    """A running local AWS with the function's own credentials in the environment. Raises `SettingsError` where the
    extra `local` is not installed, and in a Lambda."""

    def __init__(
        self, region: str, roles: Mapping[str, Role], *, listen: "Callable[[Line], None] | None" = None
    ) -> None:
        """`listen` hears of every request that the local AWS answers, on a thread of its own."""
        try:
            from authorizer.local_aws import LocalAws  # noqa: PLC0415 - a second of imports that `--aws` must not pay
        except ModuleNotFoundError as error:
            raise SettingsError(
                [
                    f"a local run needs the extra `local` ({error.name} is not installed): "
                    "pip install 'cognito-authorizer[local]', or use the real AWS with --aws"
                ]
            ) from error
        first = next(iter(roles.values())).arn.split(":")
        self._region = region
        self._aws = LocalAws(account=first[4], partition=first[1], listen=listen)
        self._function = f"arn:{first[1]}:iam::{first[4]}:role/{FUNCTION}"
        self._known: set[str] = set()
        self._aws.add_role(self._function, trusts="*", policy=EVERYTHING)
        self.know(roles)
        self.environment = self._environment(self._aws.run_as(self._function, FUNCTION))
        keep_here(os.environ)
        os.environ.update(self.environment)

    def know(self, roles: Mapping[str, Role]) -> None:
        """Make those of these roles that are not there yet."""
        for arn in {role.arn for role in roles.values()} - self._known:
            self._aws.add_role(arn, trusts=self._function, policy=EVERYTHING)
            self._known.add(arn)

    def backend_environment(self) -> dict[str, str]:
        """What a backend has in its environment: a role of its own that may do nothing, as that of `deploy/`, so that
        whatever it reads it reads as a caller."""
        arn = self._function.removesuffix(FUNCTION) + BACKEND
        if arn not in self._known:
            self._aws.add_role(arn, trusts="*", policy=NOTHING)
            self._known.add(arn)
        return self._environment(self._aws.run_as(arn, BACKEND))

    def owner_environment(self) -> dict[str, str]:
        """What the account's owner needs to make buckets and tables with any of AWS's tools."""
        return self._environment(self._aws.owner)

    def _environment(self, who: "Principal") -> dict[str, str]:
        endpoint = self._aws.endpoint
        return {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_STS": endpoint,
            "AWS_ENDPOINT_URL_IAM": endpoint,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ACCESS_KEY_ID": who.access_key_id,
            "AWS_SECRET_ACCESS_KEY": who.secret_access_key,
            "AWS_SESSION_TOKEN": who.session_token or "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            # Else AWS's libraries would send what is for this machine, credentials and all, to the proxy of the
            # developer's shell. In both forms: whoever reads them takes the lower case one first.
            **dict.fromkeys(("no_proxy", "NO_PROXY"), _past_the_proxy(os.environ)),
        }

    def get(self, credentials: Credentials, places: Sequence[str]) -> list[Tried]:
        """Put an object into each of `places`, as the owner of the account, and ask for it with `credentials`. Raises
        `SettingsError` for a place that is not BUCKET/KEY."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        caller = self._s3(credentials)
        tried = []
        for place in places:
            self.put([place])
            bucket, _, key = place.partition("/")
            # The journal has what came of it, and the reason.
            with suppress(ClientError):
                caller.get_object(Bucket=bucket, Key=key)["Body"].read()
            line = self._aws.journal.lines[-1]
            tried.append(Tried(place=place, status=line.status, why=_nearest(line)))
        return tried

    def put(self, places: Sequence[str]) -> None:
        """Put an object into each of `places`, as the owner of the account, in buckets that are made where they are not
        there. Raises `SettingsError` for a place that is not BUCKET/KEY."""
        from botocore.exceptions import ClientError, ParamValidationError  # noqa: PLC0415 - as above

        owner = self._s3(self._aws.owner)
        for place in places:
            bucket, slash, key = place.partition("/")
            if not (bucket and slash and key):
                raise SettingsError([f"{place!r} is no object: expected BUCKET/KEY"])
            try:
                if bucket not in {each["Name"] for each in owner.list_buckets()["Buckets"]}:
                    owner.create_bucket(Bucket=bucket)
                owner.put_object(Bucket=bucket, Key=key, Body=place.encode())
            except (ClientError, ParamValidationError) as error:
                raise SettingsError([f"{place!r} cannot be put into the local AWS: {error}"]) from error

    def _s3(self, who: "Principal | Credentials") -> Any:
        import boto3  # noqa: PLC0415 - as above
        from botocore.config import Config  # noqa: PLC0415

        return boto3.client(
            "s3",
            # Buckets of any Region are made without a constraint there alone.
            region_name="us-east-1",
            endpoint_url=self._aws.endpoint,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def close(self) -> None:
        self._aws.close()


def _nearest(line: "Line") -> tuple[str, ...]:
    """The lines of an explanation that a person wants: the decision, and of the statements that did not match those
    that are about the action."""
    heading, *statements = line.why
    missed = (each for each in statements if ": matches" not in each and "action does not match" not in each)
    return (heading, *(() if line.refused is None else missed))
