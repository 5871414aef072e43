"""A page on paper: chromium's PDF of a file, the same bytes each time."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS: Final = 120
"""Longest that it may take."""
_DAY: Final = re.compile(rb"/(CreationDate|ModDate) \(D:[^)]*\)")


def print_page(page: Path, to: Path) -> None:
    """Write `page`, a file of HTML, to the PDF file `to`. Raises `click.UsageError` where there is no browser, and
    `click.ClickException` where it fails.

    When it was printed is taken out: what a report says of time stands in it.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise click.UsageError(f"--pdf needs a browser, one of {', '.join(BROWSERS)}, and none is installed")
    with TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
        ]
        # Its sandbox cannot be had by root, which is who runs in most containers. The page is ours, without a script.
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += [f"--print-to-pdf={to.resolve()}", page.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - no shell
        except subprocess.TimeoutExpired as error:
            raise click.ClickException(f"{browser} took longer than {SECONDS} seconds") from error
    if done.returncode != 0 or not to.is_file():
        raise click.ClickException(
            f"{browser} could not print {page}: {done.stderr.decode(errors='replace')[-500:]}"
        )
    to.write_bytes(_DAY.sub(lambda match: _same_length(match[0], match[1]), to.read_bytes()))


def _same_length(whole: bytes, name: bytes) -> bytes:
    """A day that says nothing, as long as the one that it stands for: a PDF counts its bytes."""
    start = b"/" + name + b" (D:"
    room = len(whole) - len(start) - 1
    return start + b"19700101000000+00'00'"[:room].ljust(room, b"0") + b")"
