"""What of the installed libraries a request never needs, one row a reason.

Only whole parts that nothing on the request path can reach are dropped; a library's own code is left as its authors
wrote it. What may be imported late, such as botocore's providers of credentials, stays.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

DROPPED: Final[tuple[tuple[str, str], ...]] = (
    # Pattern of a path below the folder of libraries → why no request needs it. `*` crosses `/`.
    ("bin/*", "commands"),
    ("*/__pycache__/*", "made anew, unchecked"),
    ("*.pyi", "types"),
    ("*.pyx", "sources of compiled modules"),
    ("*.pxd", "sources of compiled modules"),
    ("*.pxi", "sources of compiled modules"),
    ("*.c", "sources of compiled modules"),
    ("*.h", "sources of compiled modules"),
    ("*/py.typed", "types"),
    ("*.dist-info/METADATA", "lists what was installed"),
    ("*.dist-info/WHEEL", "lists what was installed"),
    ("*.dist-info/RECORD", "lists what was installed"),
    ("*.dist-info/INSTALLER", "lists what was installed"),
    ("*.dist-info/REQUESTED", "lists what was installed"),
    ("*.dist-info/direct_url.json", "lists what was installed"),
    ("*.dist-info/sboms/*", "describes what was installed"),
    ("*.dist-info/zip-safe", "for installers"),
    ("*.dist-info/top_level.txt", "for installers"),
    ("*.dist-info/entry_points.txt", "commands"),
    ("aiohttp/web*.py", "aiohttp's server"),
    ("aiohttp/worker.py", "aiohttp's server"),
    ("aiohttp/test_utils.py", "aiohttp's server"),
    ("aiohttp/pytest_plugin.py", "aiohttp's server"),
    # The same in Python, which stays, is loaded in their place.
    ("aiohttp/_websocket/*.so", "compiled WebSockets"),
    ("frozenlist/*.so", "lists of hooks, compiled, for which a process has to load the C++ library"),
    ("boto3/examples/*", "documentation"),
    ("boto3/data/*", "boto3's resources: an authorizer uses clients"),
    ("boto3/s3/*", "S3 transfers"),
    ("boto3/dynamodb/transform.py", "boto3's resources"),
    ("boto3/ec2/*", "boto3's resources"),
    ("aioboto3/s3/*", "S3 transfers"),
    ("aioboto3/experimental/*", "client-side encryption for S3"),
    ("aiofiles/*", "S3 transfers"),
    ("s3transfer/*", "S3 transfers"),
    ("cffi/*", "compiles bindings; what runs is _cffi_backend"),
    ("pycparser/*", "compiles bindings"),
    ("cffi-*", "compiles bindings"),
    ("pycparser-*", "compiles bindings"),
    ("dateutil/zoneinfo/*", "a second time-zone database"),
    ("dateutil/rrule.py", "recurring dates"),
    ("dateutil/easter.py", "recurring dates"),
    ("multidict/_multidict_py.py", "stands in where there is no compiled module"),
    ("markupsafe*", "templates are compiled"),
    ("MarkupSafe*", "templates are compiled"),
    ("jinja2*", "templates are compiled"),
    ("Jinja2*", "templates are compiled"),
    ("urllib3/contrib/emscripten/*", "browsers"),
    ("*/tests/*", "tests"),
)
SEALED: Final[tuple[tuple[str, str], ...]] = (("joserfc*", "credentials are not sealed"),)
"""Further rows where the configuration has no `[sealing]`."""


def dropped(paths: Iterable[str], rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The paths that go, each with its reason; the first row that matches gives it."""
    table = tuple(rows)
    found = {}
    for path in paths:
        reason = next((reason for pattern, reason in table if fnmatchcase(path, pattern)), None)
        if reason is not None:
            found[path] = reason
    return found
