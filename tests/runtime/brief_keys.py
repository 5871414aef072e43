"""`authorizer.handler` with keys that live for seconds, as `KEYS` says. Run by awslambdaric alone."""

import json
import os
from dataclasses import replace
from pathlib import Path

from authorizer.startup import without_default_cas

with without_default_cas():
    from authorizer.runtime import Authorizer
    from authorizer.settings.load import load
    from authorizer.settings.schema import Access, Keys

settings, templates = load(Path(os.environ["LAMBDA_TASK_ROOT"]) / "policies" / "access.toml", os.environ)
lambda_handler = Authorizer(Access(replace(settings, keys=Keys(**json.loads(os.environ["KEYS"]))), templates))
lambda_handler.warm()
