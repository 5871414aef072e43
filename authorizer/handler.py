"""What AWS Lambda is pointed at: `authorizer.handler.lambda_handler`.

The configuration is read once, at import. A bad one fails there, in Lambda's init phase, with every problem listed.
`AUTHORIZER_ACCESS` names the file, `policies/access.toml` beside the package's folder by default.
"""

import os

from authorizer.startup import compiled_ahead, follow_snapshots, without_default_cas

with without_default_cas(), compiled_ahead():
    from authorizer.runtime import Authorizer
    from authorizer.settings.load import load_deployed

lambda_handler = Authorizer(load_deployed(os.environ), function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))
lambda_handler.warm()
follow_snapshots(lambda_handler.forget, lambda_handler.restart)
