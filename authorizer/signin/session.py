"""The token of one account, from its sign-in to its sign-out."""

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from authorizer.errors import SignInFailed
from authorizer.signin.alone import alone
from authorizer.signin.discovery import discover
from authorizer.signin.keeping import Account, Kept, Keyring
from authorizer.signin.tokens import LEEWAY, MAX_TOKEN, Tokens, Use, check_end, is_token, refresh, revoke
from authorizer.signin.web import told_code
from authorizer.syntax.json_text import parse_json

AHEAD: Final = 1200.0
"""Seconds before its end at which a token is renewed: SDKs ask `credential_process` again with each request in the last
fifteen minutes of what it printed (botocore, `RefreshableCredentials`), and credentials end with their token."""


def keep(account: Account, tokens: Tokens, use: Use, issuer: str, now: float) -> None:
    """What a sign-in has brought. Raises `SignInFailed`."""
    _replace(account, _kept(tokens, use, issuer, tokens.refresh_token, now))


def keep_brought(account: Account, token: str, now: float) -> Kept:
    """A token that was brought along, which nothing renews. It is not verified: the API does that. Raises
    `SignInFailed` for one that no API would take for this account."""
    claims = claims_of(token)
    use: Use = "access" if claims.get("token_use") == "access" else "id"
    meant = claims.get("client_id") if use == "access" else claims.get("aud")
    ends = claims.get("exp")
    # For this client, and for nobody else beside it: as `tokens` reads an ID token.
    if meant not in (account.client_id, [account.client_id]):
        raise SignInFailed(
            f"the token is for the app client {told_code(meant)}, not for {account.client_id}: say --client-id as it is"
        )
    if isinstance(ends, bool) or not isinstance(ends, int | float) or not ends > now:
        raise SignInFailed("the token has ended already, or does not say when it does: bring a fresh one")
    check_end(ends)
    kept = Kept(token=token, expires=ends, renew_at=ends, use=use, sub=str(claims.get("sub", "")))
    _replace(account, kept)
    return kept


def token(account: Account, now: float) -> str:
    """A token of `account` that serves, renewed if it must be. Raises `SignInFailed`."""
    keyring = Keyring()
    kept = _signed_in(keyring.load(account), account)
    if now < kept.renew_at:
        return kept.token
    with alone(account.name):
        # Whoever was here before may have renewed it, or signed out.
        kept = _signed_in(keyring.load(account), account)
        if now < kept.renew_at:
            return kept.token
        if kept.issuer is None or kept.refresh_token is None:
            if now < kept.expires:
                return kept.token
            raise SignInFailed(
                f"the sign-in for {account.url} has ended, and nothing renews it: {_again(account)}"
            )
        try:
            server = discover(kept.issuer)
            tokens = refresh(
                server, account.client_id, kept.refresh_token, sub=kept.sub, use=kept.use, now=now
            )
        except SignInFailed as failed:
            if now + LEEWAY < kept.expires:
                return kept.token  # which serves on while the issuer does not answer
            raise SignInFailed(f"{failed}; {_again(account)}") from None
        keyring.save(
            account, _kept(tokens, kept.use, kept.issuer, tokens.refresh_token or kept.refresh_token, now)
        )
        return tokens.token


def sign_out(account: Account) -> bool:
    """Forget the tokens, and revoke what can be. False if there were none. Raises `SignInFailed` where the server was
    not told: then they are forgotten here all the same."""
    keyring = Keyring()
    with alone(account.name):
        try:
            kept = keyring.load(account)
        except SignInFailed:
            keyring.forget(
                account
            )  # what cannot be read can still be deleted; a locked keyring fails here again
            return True
        if kept is None:
            return False
        keyring.forget(account)
    try:
        _end(account, kept)
    except SignInFailed as failed:
        raise SignInFailed(
            f"the tokens are gone from the keyring, and {kept.issuer} was not told: {failed}; its refresh token "
            "is good until it ends: have an administrator sign the user out"
        ) from None
    return True


def _replace(account: Account, kept: Kept) -> None:
    """Keep this sign-in in the place of one before, which ends: nobody could end it later."""
    keyring = Keyring()
    with alone(account.name):
        try:
            before = keyring.load(account)
        except SignInFailed:
            before = None  # not to be read; if the keyring is locked, it cannot be written either
        keyring.save(account, kept)
    if before is not None:
        with suppress(SignInFailed):  # it ends by itself at last
            _end(account, before)


def _end(account: Account, kept: Kept) -> None:
    if kept.issuer is not None and kept.refresh_token is not None:
        revoke(discover(kept.issuer), account.client_id, kept.refresh_token)


def claims_of(text: str) -> Mapping[str, Any]:
    """The claims of a JWT, unverified. Raises `SignInFailed`."""
    parts = text.split(".")
    if len(parts) == 3 and is_token(text) and len(text) <= MAX_TOKEN:
        try:
            found = parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)).decode())
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    raise SignInFailed("what was read is no token: expected one JWT, as the issuer signed it")


def _kept(tokens: Tokens, use: Use, issuer: str, refresh_token: str | None, now: float) -> Kept:
    return Kept(
        token=tokens.token,
        expires=tokens.expires,
        # A pool may let tokens live for five minutes: those are renewed in the middle of their life.
        renew_at=tokens.expires - min(AHEAD, (tokens.expires - now) / 2),
        use=use,
        sub=tokens.sub,
        issuer=issuer,
        refresh_token=refresh_token,
    )


def _signed_in(kept: Kept | None, account: Account) -> Kept:
    if kept is None:
        raise SignInFailed(f"nobody is signed in for {account.url}: {_again(account)}")
    return kept


def _again(account: Account) -> str:
    return (
        f"sign in again: authorizer login --url {account.url} --client-id {account.client_id} --issuer ISSUER"
    )
