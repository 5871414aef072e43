"""What AWS Lambda is pointed at: `authorizer.handler.lambda_handler`.

The configuration is read once, at import. A bad one fails there, in Lambda's init phase, with every problem listed.
`AUTHORIZER_ACCESS` names the file, `policies/access.toml` beside the package's folder by default.
"""

import os

from authorizer.startup import without_default_cas

with without_default_cas():
    from authorizer.runtime import Authorizer
    from authorizer.settings.load import load_deployed

lambda_handler = Authorizer(load_deployed(os.environ), function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))
lambda_handler.warm()

if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    # Lambda's managed runtimes ship this module (Lambda Developer Guide, "Runtime hooks for Lambda SnapStart").
    from snapshot_restore_py import (  # type: ignore[import-untyped]  # it has no types
        register_after_restore,
        register_before_snapshot,
    )

    # One snapshot serves many environments: what it holds would be shared, and dead sockets are no connections.
    register_before_snapshot(lambda_handler.forget)
    register_after_restore(lambda_handler.restart)
