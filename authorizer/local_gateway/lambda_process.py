"""What runs in a function's own process: the handler, loaded once and called as Lambda's runtime calls it.

An own process, so that it has an environment of its own, a crash or an endless loop ends nothing else, and a changed
file is loaded anew by a new one.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from authorizer.local.aws import keep_here

Handler = Callable[[Any, Any], Any]


class Context:
    """Lambda's context object (Lambda Developer Guide, "Using the Lambda context object to retrieve Python function
    information")."""

    function_name = "local-backend"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:local-backend"
    memory_limit_in_mb = "1769"
    log_group_name = "/aws/lambda/local-backend"
    log_stream_name = "local"
    identity = None
    client_context = None

    def __init__(self, request_id: str, ends: float) -> None:
        self.aws_request_id = request_id
        self._ends = ends

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


def run(pipe: Connection, handler: str, environment: Mapping[str, str]) -> None:
    """Load the handler, say so, and answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's goes to all; the server ends this one
    keep_here(os.environ)
    os.environ.update(environment)
    try:
        function = load(handler)
    except BaseException as error:  # a module may exit, too
        traceback.print_exc()
        pipe.send(("failed", f"cannot be loaded: {type(error).__name__}: {error}"))
        return
    pipe.send(("ready", ""))
    while True:
        try:
            event, trace, request_id, seconds = pipe.recv()
        except (EOFError, OSError):
            return
        os.environ["_X_AMZN_TRACE_ID"] = trace
        pipe.send(answer(function, event, Context(request_id, time.monotonic() + seconds)))


def load(handler: str) -> Handler:
    """`module:function`, or `path/file.py:function`. Raises whatever the module does."""
    module, _, name = handler.rpartition(":")
    if module.endswith(".py"):
        file = Path(module).resolve()
        sys.path.insert(0, str(file.parent))
        module = file.stem
    else:
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    function: Any = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    if not callable(function):
        raise TypeError(f"{name!r} is not callable")
    handler_: Handler = function
    return handler_


def answer(function: Handler, event: str, context: Context) -> tuple[str, str]:
    """`("answer", JSON)`, or `("failed", why)`: through JSON in both directions, as at Lambda."""
    try:
        return "answer", json.dumps(function(json.loads(event), context))
    except BaseException as error:  # a handler may exit, too
        traceback.print_exc()
        return "failed", f"{type(error).__name__}"
