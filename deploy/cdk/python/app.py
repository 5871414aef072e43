"""The generated template as a stack of its own. Its parameters come from CDK's context: `cdk deploy -c RestApiId=…`."""

import json
from pathlib import Path

from aws_cdk import App, Stack
from cognito_authorizer import CognitoAuthorizer

HERE = Path(__file__).parent
TEMPLATE = HERE / "authorizer.template.json"

app = App()
stack = Stack(app, app.node.try_get_context("stack") or "authorizer")
generated = json.loads(TEMPLATE.read_text(encoding="utf-8"))
given = {name: app.node.try_get_context(name) for name in generated["Parameters"]}
CognitoAuthorizer(
    stack,
    "Authorizer",
    template=str(TEMPLATE),
    zip_file=str(HERE / (app.node.try_get_context("zip") or generated["Metadata"]["Bundle"])),
    parameters={name: value for name, value in given.items() if value is not None},
)
app.synth()
