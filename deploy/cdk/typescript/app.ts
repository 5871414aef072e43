// The generated template as a stack of its own. Its parameters come from CDK's context: `cdk deploy -c RestApiId=…`.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { App, Stack } from "aws-cdk-lib";

import { CognitoAuthorizer } from "./cognito-authorizer";

const template = join(__dirname, "authorizer.template.json");
const app = new App();
const stack = new Stack(app, app.node.tryGetContext("stack") ?? "authorizer");
const generated = JSON.parse(readFileSync(template, "utf8"));
const known = Object.keys(generated.Parameters);
const given = known.map((name) => [name, app.node.tryGetContext(name)]).filter(([, value]) => value !== undefined);
new CognitoAuthorizer(stack, "Authorizer", {
  template,
  zipFile: resolve(__dirname, app.node.tryGetContext("zip") ?? generated.Metadata.Bundle),
  parameters: Object.fromEntries(given),
});
app.synth();
