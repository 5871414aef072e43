"""Where tokens rest: in the system's keyring, or not at all.

The library `keyring` also knows places that are none: files in the clear (`keyrings.alt`), one that forgets (`null`)
and one that fails. Its own word for a place that is fit is a priority of 1 or more; what has less is not taken, whether
it was found or named by a variable or a file.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Any, Final

from authorizer.errors import SignInFailed
from authorizer.signin.tokens import Use
from authorizer.syntax.json_text import parse_json

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE: Final = "cognito-authorizer"
"""What the entries are called in a keyring's own window."""
REFUSED: Final = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
"""Whatever priority they claim."""
FIT: Final = 1
"""keyring's documentation, "priority": 1 or more is recommended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an entry is kept under: nobody else's token is ever sent to `url`."""

    url: str
    """Of `GET /credentials`."""
    client_id: str

    @property
    def name(self) -> str:
        """Neither of the two has a space in it."""
        return f"{self.client_id} {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One sign-in, as it rests."""

    token: str = field(repr=False)
    """The one that the API takes."""
    expires: float
    renew_at: float
    """From when on it is renewed while it still serves."""
    use: Use
    sub: str
    issuer: str | None = None
    """Who renews it; None for a token that was brought along."""
    refresh_token: str | None = field(default=None, repr=False)


KINDS: Final[Mapping[str, type | UnionType]] = {
    # Member of an entry → what it is in JSON.
    "token": str,
    "expires": int | float,
    "renew_at": int | float,
    "use": str,
    "sub": str,
    "issuer": str | None,
    "refresh_token": str | None,
}


class Keyring:
    """The system's keyring. Raises `SignInFailed` where there is none that is fit, and where it fails or is locked."""

    def __init__(self) -> None:
        self._backend = _backend()

    def load(self, account: Account) -> Kept | None:
        """What is kept for `account`; None where nobody has signed in."""
        text = self._ask("get_password", account.name)
        if text is None:
            return None
        try:
            said = parse_json(text)
        except ValueError:
            said = None
        if not isinstance(said, dict) or not _is_kept(said):
            raise SignInFailed(
                f"what the keyring holds under {SERVICE} for {account.url} is not what was put there: sign in again"
            )
        return Kept(**said)

    def save(self, account: Account, kept: Kept) -> None:
        self._ask("set_password", account.name, json.dumps(asdict(kept)))

    def forget(self, account: Account) -> None:
        self._ask("delete_password", account.name)

    def _ask(self, method: str, *given: str) -> Any:
        try:
            return getattr(self._backend, method)(SERVICE, *given)
        except Exception as error:  # each system has errors of its own, and keyring hands some of them on
            raise SignInFailed(
                f"the keyring ({type(self._backend).__module__}) cannot be used: {type(error).__name__}: is it locked?"
            ) from None


def _is_kept(said: Mapping[str, object]) -> bool:
    return said.keys() == KINDS.keys() and all(
        isinstance(said[name], kind) and not isinstance(said[name], bool) for name, kind in KINDS.items()
    )


def _backend() -> "KeyringBackend":
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError:
        raise SignInFailed(
            "signing in needs the extra `login`: pip install 'cognito-authorizer[cli,login]'"
        ) from None
    try:
        keyring.core.init_backend(_is_fit)
        found = keyring.get_keyring()
        if _is_fit(found):
            return found
        told = f"found {type(found).__module__}"
    except Exception as error:  # a backend that a variable or a file names may be anything
        told = f"the one that is set cannot be loaded: {type(error).__name__}"
    raise SignInFailed(
        f"there is no keyring to keep tokens in, and nowhere else are they put ({told}): expected the macOS keychain, "
        "or on Linux a Secret Service such as GNOME Keyring or KWallet, unlocked, in this session; without one, hand "
        "a token to each command: --token-stdin"
    )


def _is_fit(backend: "KeyringBackend") -> bool:
    module = type(backend).__module__
    return backend.priority >= FIT and not any(
        module == refused or module.startswith(f"{refused}.") for refused in REFUSED
    )
