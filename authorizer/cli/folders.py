"""The files of a folder: what may not be read is told, and is no empty folder."""

from pathlib import Path

from authorizer.errors import SettingsError


def files_in(folder: Path, suffix: str) -> list[Path]:
    """The files of `folder` whose names end so, by name; none where there is no such folder. Raises `SettingsError` for
    one that cannot be read: `Path.glob` takes it for empty, and then nothing in it would be judged."""
    try:
        return sorted(file for file in folder.iterdir() if file.name.endswith(suffix))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(
            [f"{folder}: cannot be read: {error.strerror}: expected a folder of files named *{suffix}"]
        ) from error
