"""`authorizer exec -- COMMAND`: a command with the caller's own credentials in its environment."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from authorizer.cli.person import account_of, client_option, credentials_of, stdin_option, url_option

if TYPE_CHECKING:
    from authorizer.signin.own import Own

DROPPED: Final = frozenset(
    # Whatever else an SDK could take credentials from (AWS SDKs and Tools Reference Guide, "Standardized credential
    # providers"): a profile that is named wins over the keys beside it, and so do a role and a bearer token.
    {
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)
DROPPED_BEGINNING: Final = "AWS_BEARER_TOKEN_"
"""One for each service."""
NOT_FOUND: Final = 127
NOT_RUN: Final = 126
"""Exit codes of a shell (POSIX, "Exit Status for Commands")."""


@click.command("exec", context_settings={"allow_interspersed_args": False})
@url_option
@client_option
@stdin_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec(url: str, client_id: str, token_stdin: bool, command: tuple[str, ...]) -> None:  # noqa: A001 - its name
    """Run COMMAND with your own AWS credentials in its environment, and with none of others there.

    It takes the place of this process: signals reach it, and its exit code is the one that is seen. Nothing renews
    what it has: a command that runs for longer than the session wants a profile with `credential_process`.
    """
    own = credentials_of(account_of(url, client_id), token_stdin=token_stdin)
    # Python ignores these, and a child would too.
    ignored = {each: signal.signal(each, signal.SIG_DFL) for each in (signal.SIGPIPE, signal.SIGXFSZ)}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], command, environment(os.environ, own))  # noqa: S606 - without a shell: as it is given
    except FileNotFoundError:
        click.echo(
            f"{command[0]!r} is not found: expected a command on the PATH, or the path of one", err=True
        )
        sys.exit(NOT_FOUND)
    except (OSError, ValueError) as error:
        click.echo(f"{command[0]!r} cannot be run: {type(error).__name__}: {error}", err=True)
        sys.exit(NOT_RUN)
    finally:
        for each, handler in ignored.items():
            signal.signal(each, handler)


def environment(before: Mapping[str, str], own: "Own") -> dict[str, str]:
    """`before` with the credentials in `own`, and with no others."""
    kept = {
        name: value
        for name, value in before.items()
        if name not in DROPPED and not name.startswith(DROPPED_BEGINNING)
    }
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": own.access_key_id,
        "AWS_SECRET_ACCESS_KEY": own.secret_access_key,
        "AWS_SESSION_TOKEN": own.session_token,
        "AWS_CREDENTIAL_EXPIRATION": own.expiration,
    }
