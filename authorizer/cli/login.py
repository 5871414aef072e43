"""`authorizer login`: a person signs in, and the tokens rest in the system's keyring."""

import os
import shlex
import threading
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.person import account_of, client_option, read_token, url_option
from authorizer.cli.plain import data
from authorizer.errors import SignInFailed

if TYPE_CHECKING:
    from authorizer.signin.keeping import Account
    from authorizer.signin.tokens import Tokens, Use


@click.command()
@url_option
@client_option
@click.option(
    "--issuer", help="Sign in there, such as https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123."
)
@click.option("--token-stdin", is_flag=True, help="Keep the token that comes from standard input.")
@click.option(
    "--persona", help="Keep a token of the local issuer for this persona: for an API on this machine."
)
@click.option(
    "--use",
    type=click.Choice(["id", "access"]),
    default="id",
    show_default=True,
    help="The token that the API takes.",
)
@click.option("--scope", "scopes", multiple=True, help="Ask for this scope beside openid; may be repeated.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    type=click.IntRange(0, 65535),
    help="Listen there for the browser's answer; may be repeated, and 0 is any that is free.",
)
@click.option(
    "--timeout", type=click.IntRange(1, 3600), default=300, show_default=True, help="Seconds to wait for it."
)
@click.option(
    "--access",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The configuration that --persona is about.  [default: policies/access.toml]",
)
def login(  # noqa: PLR0917 - click passes one for each option
    url: str,
    client_id: str,
    issuer: str | None,
    token_stdin: bool,
    persona: str | None,
    use: "Use",
    scopes: tuple[str, ...],
    ports: tuple[int, ...],
    timeout: int,
    access: Path | None,
) -> None:
    """Sign in with your browser, for AWS credentials of your own at the API's GET /credentials.

    Tokens rest in the system's keyring, and nowhere where there is none. Prints the line that a profile of the AWS CLI
    needs then.
    """
    if [issuer is not None, token_stdin, persona is not None].count(True) != 1:
        raise SignInFailed(
            "expected one of --issuer, --token-stdin and --persona: where the token comes from"
        )
    from authorizer.model import instant
    from authorizer.signin.keeping import Keyring
    from authorizer.signin.session import keep, keep_brought
    from authorizer.signin.web import checked, told_name

    account = account_of(url, client_id)
    Keyring()  # before anybody is sent to a browser in vain
    if issuer is not None:
        tokens = _by_browser(
            account, checked(issuer, "--issuer"), use=use, scopes=scopes, ports=ports, timeout=timeout
        )
        keep(account, tokens, use, issuer, time.time())
        who, ends = tokens.name, tokens.expires
        more = ", and renewed then" if tokens.refresh_token else ""
    else:
        kept = keep_brought(
            account, read_token() if token_stdin else _of(persona, use, account, access), time.time()
        )
        who, ends, more = persona or told_name(kept.sub), kept.expires, ""
    click.echo(f"signed in to {url} as {who}: the token lasts until {instant(ends)}{more}", err=True)
    data(
        "credential_process = "
        + shlex.join(["authorizer", "credentials", "--url", account.url, "--client-id", account.client_id])
    )


def _by_browser(
    account: "Account",
    issuer: str,
    *,
    use: "Use",
    scopes: tuple[str, ...],
    ports: tuple[int, ...],
    timeout: int,
) -> "Tokens":
    from authorizer.signin.attempt import Attempt
    from authorizer.signin.discovery import discover
    from authorizer.signin.listener import PORTS, Listener
    from authorizer.signin.tokens import redeem

    server = discover(issuer)
    listener = Listener(ports or PORTS)
    try:
        attempt = Attempt(
            server=server,
            client_id=account.client_id,
            redirect_uri=listener.redirect_uri,
            scopes=tuple(dict.fromkeys(("openid", *scopes))),
        )
        listener.expect(attempt.state)
        click.echo(f"sign in with your browser; if none opens, open this:\n{attempt.url}", err=True)
        # Some browsers end when their window does.
        threading.Thread(target=webbrowser.open, args=(attempt.url,), daemon=True).start()
        answer = listener.wait(timeout)
    finally:
        listener.close()
    return redeem(attempt, attempt.code(answer), use, time.time())


def _of(persona: str | None, use: "Use", account: "Account", access: Path | None) -> str:
    """A token of the local issuer. Nothing but an API on this machine believes it."""
    from authorizer.local.world import local
    from authorizer.signin.web import is_loopback

    if not is_loopback(account.url):
        raise SignInFailed("--persona is for an API on this machine: nobody else believes the local issuer")
    with local(access or Path("policies/access.toml"), os.environ) as world:
        return world.mint(str(persona), use)
