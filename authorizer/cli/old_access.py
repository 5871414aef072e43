"""An older configuration as a file: in a folder, out of git, or the one in git that a report is about."""

import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

MOST: Final = 1000
"""Most commits that are looked through, the newest first."""


@contextmanager
def old_access(old: str, access: Path) -> Iterator[Path]:
    """The old configuration as a file: in its folder, or taken out of git into a temporary one. Raises
    `click.BadParameter`."""
    folder = Path(old)
    if folder.is_dir():
        if not (folder / access.name).is_file():
            raise click.BadParameter(f"folder {old!r} has no {access.name}")
        yield folder / access.name
        return
    root = _root(access)
    # The tree is named by its hash: whatever OLD is, it cannot be read as an option.
    tree = _git(root, "rev-parse", "--verify", "--end-of-options", f"{old}^{{tree}}").decode().strip()
    place = access.resolve().relative_to(root)
    wanted = (*place.parts[:-1],), (*place.parts[:-2], "events")
    with TemporaryDirectory() as temporary:
        with tarfile.open(fileobj=BytesIO(_git(root, "archive", "--format=tar", tree))) as tar:
            for member in tar:
                path, content = Path(member.name), tar.extractfile(member)
                if content is not None and any(path.parts[: len(parts)] == parts for parts in wanted):
                    (Path(temporary) / path).parent.mkdir(parents=True, exist_ok=True)
                    (Path(temporary) / path).write_bytes(content.read())
        if not (Path(temporary) / place).is_file():
            raise click.BadParameter(f"{old!r} has no {place}")
        yield Path(temporary) / place


@contextmanager
def access_of_report(files: Mapping[str, str], old: str | None, access: Path) -> Iterator[Path]:
    """The configuration that a report is about, held to the SHA-256 of its files by name: the one of today, or that of
    `old`, or the newest in git that it is. Raises `click.UsageError` where there is none."""
    if old is None and _digests(access) == files:
        yield access
        return
    for candidate in (old,) if old is not None else _commits(access, files.get(access.name, "")):
        with old_access(candidate, access) as found:
            if _digests(found) == files:
                yield found
                return
    where = f"{old!r} has not" if old is not None else "neither this folder nor its history in git has"
    raise click.UsageError(
        f"{where} the configuration of the last report: name its commit or its folder with --old"
    )


def _digests(access: Path) -> Mapping[str, str]:
    from authorizer.assurance import configuration

    return {row["name"]: row["sha256"] for row in configuration(access)}


def _commits(access: Path, wanted: str) -> Iterator[str]:
    """The commits whose `access` has this SHA-256, the newest first."""
    root = _root(access)
    place = access.resolve().relative_to(root).as_posix()
    seen: dict[str, bool] = {}
    history = _git(root, "rev-list", f"--max-count={MOST}", "HEAD", "--", place, str(Path(place).parent))
    for commit in history.decode().split():
        blob = _git(root, "ls-tree", "--format=%(objectname)", commit, "--", place).decode().strip()
        if blob and blob not in seen:
            seen[blob] = sha256(_git(root, "cat-file", "blob", blob)).hexdigest() == wanted
        if seen.get(blob):
            yield commit


def _root(access: Path) -> Path:
    return Path(_git(access.resolve().parent, "rev-parse", "--show-toplevel").decode().strip())


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and the arguments are ours but for a checked name
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is found as the user's shell finds it
            check=True,
            capture_output=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = (
            error.stderr.decode(errors="replace").strip()
            if isinstance(error, subprocess.CalledProcessError)
            else error
        )
        raise click.BadParameter(f"neither a folder nor a commit of this repository: {said}") from error
