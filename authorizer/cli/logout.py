"""`authorizer logout`: the end of a sign-in, here and at its issuer."""

import click

from authorizer.cli.person import account_of, client_option, url_option


@click.command()
@url_option
@client_option
def logout(url: str, client_id: str) -> None:
    """Take your tokens out of the keyring, and revoke the refresh token at its issuer.

    Credentials that were handed out serve until they end.
    """
    from authorizer.signin.session import sign_out

    gone = sign_out(account_of(url, client_id))
    click.echo(f"signed out of {url}" if gone else f"nobody was signed in for {url}", err=True)
