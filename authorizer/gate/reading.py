"""What aspects are read from: parts of a configuration that stand in no single field of it."""

from collections.abc import Callable

from authorizer.settings.schema import Access


def whole(access: Access) -> Access:
    return access


def token_sources(access: Access) -> frozenset[str]:
    gateway = access.settings.gateway
    return frozenset(gateway.keyed_token_sources if gateway.result_ttl else gateway.token_sources)


def cache_key(access: Access) -> frozenset[str] | None:
    """What tells two answers of the gateway's cache apart; None where it keeps none."""
    gateway = access.settings.gateway
    return frozenset(gateway.identity_sources) if gateway.result_ttl else None


def shared_cache(access: Access) -> object:
    cache = access.settings.shared_cache
    return None if cache is None else (cache.table, cache.region)


def handed_out(access: Access) -> frozenset[str]:
    return frozenset(f"{handed} with {own}" for own, handed in access.settings.callers.roles.items())


def nameable(access: Access) -> frozenset[str]:
    """Roles that a token may name: one that is handed to callers alone is refused."""
    settings = access.settings
    return frozenset(settings.roles) - settings.callers.handed_out


def keys_of(name: str) -> Callable[[Access], object]:
    def read(access: Access) -> object:
        sealing = getattr(access.settings, name)
        return None if sealing is None else (sealing.source, sealing.keys)

    return read
