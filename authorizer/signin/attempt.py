"""One attempt to sign in: OAuth's authorization code with PKCE, from the browser's URL to the code.

Sources: RFC 6749 §4.1, RFC 7636 (PKCE), RFC 9207 (`iss` in the answer), OpenID Connect Core 1.0 §3.1.2 (`nonce`), RFC
9700 §2.1 (what of them is to be used).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from authorizer.errors import SignInFailed
from authorizer.signin.discovery import METHOD, Server
from authorizer.signin.web import told_code, told_text


def _unguessable() -> str:
    """256 bits, as 43 characters: the shortest verifier that RFC 7636 §4.1 takes."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What this attempt alone knows. The verifier leaves this process in the request for tokens, and never before."""

    server: Server
    client_id: str
    redirect_uri: str
    scopes: Sequence[str]
    verifier: str = field(default_factory=_unguessable, repr=False)
    state: str = field(default_factory=_unguessable, repr=False)
    nonce: str = field(default_factory=_unguessable, repr=False)

    @property
    def challenge(self) -> str:
        """RFC 7636 §4.2."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def url(self) -> str:
        """Where the browser goes. Nothing in it is a secret that leads to tokens."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": METHOD,
        }
        joint = "&" if "?" in self.server.authorization_endpoint else "?"
        return f"{self.server.authorization_endpoint}{joint}{urlencode(asked)}"

    def code(self, answer: Mapping[str, str]) -> str:
        """The code in the answer to this attempt, whose `state` has been found right. Raises `SignInFailed`."""
        issuer = answer.get("iss")
        if issuer is None and self.server.tells_issuer:
            raise SignInFailed(
                f"the answer does not say whose it is: {self.server.issuer} always sends `iss` (RFC 9207)"
            )
        if issuer is not None and issuer != self.server.issuer:
            raise SignInFailed(
                f"the answer is another issuer's: expected {self.server.issuer}; somebody may have mixed up two of "
                "them to get the code (RFC 9207), and it has been sent nowhere"
            )
        if "error" in answer:
            raise SignInFailed(
                f"{self.server.issuer} does not sign you in: {told_code(answer['error'])}"
                f"{told_text(answer.get('error_description'))}"
            )
        if not answer.get("code"):
            raise SignInFailed("the answer has neither a code nor an error in it: try again")
        return answer["code"]
