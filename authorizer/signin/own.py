"""The caller's own credentials from `GET /credentials`, for `credential_process` and the environment of a child.

Sources: "Process credential provider" (AWS SDKs and Tools Reference Guide): `Version` 1 and its members.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from authorizer.errors import SignInFailed
from authorizer.signin.tokens import LATEST
from authorizer.signin.web import ask, told_code

SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    # STS's API reference, "Credentials"; its session tokens have no fixed length.
    "AccessKeyId": re.compile(r"\w{16,128}", re.ASCII),
    "SecretAccessKey": re.compile(r"[\x21-\x7e]{1,512}"),
    "SessionToken": re.compile(r"[\x21-\x7e]{1,16384}"),
}
LEAST: Final = 5
"""Seconds that credentials must still last."""
TO_DO: Final[Mapping[int, str]] = {
    401: "the API does not take the token: sign in again, with the issuer and the app client that it trusts",
    403: "the API hands this user no credentials: an administrator adds a row to callers.roles",
    404: "there is nothing at this URL: expected that of GET /credentials",
    429: "this user has as many sessions as callers.sessions lets them have: wait until one ends",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One session, as the API answered it."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: str
    """ISO 8601, in UTC."""

    def printed(self) -> dict[str, object]:
        """What `credential_process` prints."""
        return {
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": self.expiration,
        }


def own_credentials(url: str, token: str, now: float) -> Own:
    """Ask `url`. Raises `SignInFailed`."""
    answer = ask(url, "the URL", headers={"Authorization": f"Bearer {token}"})
    if answer.status != 200:
        try:
            code = told_code(answer.members().get("code"))
        except SignInFailed:
            code = "no code"  # a gateway's or a proxy's own page
        to_do = TO_DO.get(answer.status, "try again later; the record of the API says why")
        raise SignInFailed(f"{answer.place} answers {answer.status} ({code}): {to_do}")
    said = answer.members()
    for name, shape in SHAPES.items():
        if not isinstance(said.get(name), str) or shape.fullmatch(said[name]) is None:
            raise SignInFailed(f"{answer.place} answers no {name}: is it the URL of GET /credentials?")
    if said.get("Version", 1) != 1:
        raise SignInFailed(
            f"{answer.place} answers in another version than 1: this command is too old for it"
        )
    ends = _moment(said.get("Expiration"))
    if ends is None or ends < now + LEAST:
        raise SignInFailed(
            f"{answer.place} answers credentials that have ended, or do not say when they do (Expiration): is this "
            "machine's clock right?"
        )
    return Own(
        access_key_id=said["AccessKeyId"],
        secret_access_key=said["SecretAccessKey"],
        session_token=said["SessionToken"],
        expiration=datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _moment(text: object) -> float | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    ends = moment.timestamp() if moment.tzinfo else None
    # With an offset behind UTC the last hours of the year 9999 are of the next one, which Python has not.
    return ends if ends is not None and ends <= LATEST else None
