"""What the commands of a person have in common: for whom they are, and where the token comes from."""

import re
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from authorizer.errors import SignInFailed

if TYPE_CHECKING:
    from authorizer.signin.keeping import Account
    from authorizer.signin.own import Own

CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,256}")

url_option = click.option(
    "--url", required=True, envvar="AUTHORIZER_URL", show_envvar=True, help="The API's GET /credentials."
)
client_option = click.option(
    "--client-id",
    required=True,
    envvar="AUTHORIZER_CLIENT_ID",
    show_envvar=True,
    help="The app client of people's command lines: a public one.",
)
stdin_option = click.option(
    "--token-stdin",
    is_flag=True,
    help="Take the token from standard input and keep it nowhere, for a machine without a keyring.",
)


def account_of(url: str, client_id: str) -> "Account":
    """For whom. Raises `SignInFailed`."""
    if sys.platform == "win32":
        # Its vault takes entries of 2,560 bytes, and Cognito's refresh tokens alone are longer.
        raise SignInFailed("this command does not run on Windows itself: use WSL")
    from authorizer.signin.keeping import Account
    from authorizer.signin.web import checked

    if CLIENT_ID.fullmatch(client_id) is None:
        raise SignInFailed("--client-id is no app client's id: expected up to 256 characters without a space")
    return Account(url=checked(url, "--url"), client_id=client_id)


def read_token() -> str:
    """The token on standard input. Raises `SignInFailed`."""
    from authorizer.signin.tokens import MAX_TOKEN

    if sys.stdin is None:
        raise SignInFailed("--token-stdin: standard input is closed: pipe the token in")
    if sys.stdin.isatty():
        raise SignInFailed("--token-stdin reads no terminal, which would show the token: pipe it in")
    return sys.stdin.read(MAX_TOKEN + 2).strip()


def credentials_of(account: "Account", *, token_stdin: bool) -> "Own":
    """Their credentials, fresh from the API. Raises `SignInFailed`."""
    from authorizer.signin.own import own_credentials
    from authorizer.signin.session import claims_of, token

    now = time.time()
    if token_stdin:
        text = read_token()
        claims_of(text)  # nothing but a token is sent
        return own_credentials(account.url, text, now)
    return own_credentials(account.url, token(account, now), now)
