"""RSA keys and signatures for tests, each made once a run: they are what costs time."""

from functools import cache, lru_cache

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def private_key(name: str = "genuine") -> rsa.RSAPrivateKey:
    """The key of this name."""
    return _made(name)


@cache
def _made(_: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def signature(signing_input: bytes, key: str = "genuine") -> bytes:
    return _signature(signing_input, key)


@lru_cache(maxsize=4096)  # `make soak` signs half a million tokens: all of them would be half a gigabyte
def _signature(signing_input: bytes, key: str) -> bytes:
    return private_key(key).sign(signing_input, padding.PKCS1v15(), SHA256())
