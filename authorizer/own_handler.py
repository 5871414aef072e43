"""What AWS Lambda is pointed at behind `GET /credentials`: `authorizer.own_handler.lambda_handler`.

Its configuration is the authorizer's, and so is its IAM role's permission to assume; the roles that it hands out may
trust it alone. An `access.toml` without `[callers]` fails at init: this function has nothing to do there.
"""

import os

from authorizer.startup import compiled_ahead, follow_snapshots, without_default_cas

with without_default_cas(), compiled_ahead():
    from authorizer.errors import SettingsError
    from authorizer.own import OwnCredentials
    from authorizer.settings.load import load_deployed

_access = load_deployed(os.environ)
if not _access.settings.callers.roles:
    raise SettingsError(
        [f"{_access.settings.place}: [callers] is missing: expected roles = {{ OWN = HANDED_OUT }}"]
    )
lambda_handler = OwnCredentials(_access, function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))
lambda_handler.authorizer.warm()
follow_snapshots(lambda_handler.authorizer.forget, lambda_handler.authorizer.restart)
