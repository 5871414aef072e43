"""Fixtures for tests of a backend: requests of the personas with real credentials, at a local AWS that enforces.

pytest finds them by itself where the package is installed. Nothing is imported and nothing is started before a test
asks for one of them: this file is loaded by every run of pytest in the same environment. The extras `cli` and `local`
are needed.

* `vended_event(PERSONA, "GET /files/a")`: the event that Lambda gets behind the authorizer, a `dict`.
* `enforcing_aws`: the local AWS. `enforcing_aws.owner` is a `boto3.Session` that may make buckets and tables.
* `authorizer_access`: the path of `access.toml`. Override it in a `conftest.py` to name another one.

`vended_event` also takes `kind` (`rest-token`, `rest-request`, `http-1`, `http-2` or `http-simple`), `token_use`,
`headers` and `body`. It fails the test where the persona is not let through.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import boto3

    from authorizer.local.aws import EmbeddedAws
    from authorizer.local.world import Local
    from authorizer.runtime import Authorizer

VendedEvent = Callable[..., dict[str, Any]]
"""`vended_event`."""


class EnforcingAws:
    """The local AWS of a run, and the authorizer in front of it."""

    def __init__(self, aws: "EmbeddedAws", world: "Local", authorizer: "Authorizer", region: str) -> None:
        self._aws, self._world, self._authorizer = aws, world, authorizer
        self.region = region

    @property
    def owner(self) -> "boto3.Session":
        """Who may do everything, and makes what there is."""
        import boto3  # noqa: PLC0415 - see above

        keys = self._aws.owner_environment()
        return boto3.Session(
            keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"] or None
        )

    def event(self, persona: str, route: str, **more: Any) -> dict[str, Any]:
        """See `vended_event`."""
        from authorizer.errors import SettingsError  # noqa: PLC0415 - see above
        from authorizer.local_gateway.one_event import event_for  # noqa: PLC0415

        with pytest.MonkeyPatch.context() as environment:
            for name, value in self._aws.environment.items():
                environment.setenv(name, value)
            try:
                return event_for(self._authorizer, self._world, persona, route, region=self.region, **more)
            except SettingsError as error:
                # What the caller asked for: no problem of the configuration, as its own text would say.
                said = "\n".join(error.problems)
                raise pytest.fail.Exception(f"vended_event: {said}", pytrace=False) from None


@pytest.fixture(scope="session")
def authorizer_access(pytestconfig: pytest.Config) -> Path:
    """`AUTHORIZER_ACCESS`, else `policies/access.toml` of the folder that pytest takes for the project's."""
    return pytestconfig.rootpath / os.environ.get("AUTHORIZER_ACCESS", "policies/access.toml")


@pytest.fixture(scope="session")
def enforcing_aws(authorizer_access: Path) -> Iterator[EnforcingAws]:
    """The local AWS, with the roles of `authorizer_access`. Until the run ends the environment is a backend's: boto3
    comes here, and the names that access.toml reads have the values of `events/personas.toml`."""
    try:
        from authorizer.errors import SettingsError  # noqa: PLC0415 - see above
        from authorizer.local.aws import EmbeddedAws, elsewhere  # noqa: PLC0415
        from authorizer.local.world import local  # noqa: PLC0415
        from authorizer.runtime import Authorizer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise pytest.fail.Exception(
            f"{error.name} is not installed: pip install 'cognito-authorizer[cli,local]'", pytrace=False
        ) from None
    with pytest.MonkeyPatch.context() as environment, ExitStack() as closing:
        try:
            world = closing.enter_context(local(authorizer_access, os.environ))
            for name in world.personas.environment.keys() - os.environ.keys():
                environment.setenv(name, world.personas.environment[name])
            region = os.environ.get("AWS_REGION", "us-east-1")
            environment.setenv("AWS_REGION", region)  # what the local AWS then sets is undone with it
            before = dict(os.environ)
            aws = EmbeddedAws(region, world.access.settings.roles)
        except SettingsError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        closing.callback(aws.close)
        _undo(before)
        for name in elsewhere(os.environ):
            environment.delenv(name)
        for name, value in aws.backend_environment().items():
            environment.setenv(name, value)
        # What `boto3.client` made clients with before, with the environment of then.
        environment.setattr("boto3.DEFAULT_SESSION", None)
        authorizer = Authorizer(world.access, emit=_silent)
        closing.callback(authorizer.close)
        yield EnforcingAws(aws, world, authorizer, region)


@pytest.fixture
def vended_event(enforcing_aws: EnforcingAws) -> VendedEvent:
    """`vended_event("editor", "GET /files/a")` → the event that a Lambda backend gets for this request of the persona,
    with credentials that the local STS has given for it."""
    return enforcing_aws.event


def _undo(environment: dict[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


def _silent(_: str) -> None:
    """The decision record is for Lambda's log."""
