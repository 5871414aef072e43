"""`authorizer credentials`: what the AWS CLI and SDKs run as `credential_process`."""

import json

import click

from authorizer.cli.person import account_of, client_option, credentials_of, stdin_option, url_option
from authorizer.cli.plain import data


@click.command()
@url_option
@client_option
@stdin_option
def credentials(url: str, client_id: str, token_stdin: bool) -> None:
    """Print your own AWS credentials as JSON, for the `credential_process` of a profile.

    They are asked for each time and kept nowhere; the API answers the same session while it lives.
    """
    own = credentials_of(account_of(url, client_id), token_stdin=token_stdin)
    data(json.dumps(own.printed()))
