// What `authorizer deploy cdk` generates, as a construct.
//
// Synthesised is the generated template, resource by resource, with the branches that the parameters choose: nothing of
// CDK's adds a policy, a default or a resource. Logical ids stay, so that a stack of CloudFormation's or SAM's can be
// taken over: the role that others trust is never made anew.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Stack, Token, type CfnResource } from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as apigatewayv2 from "aws-cdk-lib/aws-apigatewayv2";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Construct } from "constructs";

export type Value = string | number | string[];

export interface CognitoAuthorizerProps {
  /** The generated `authorizer.template.json`. */
  readonly template: string;
  /** What `authorizer bundle` has made. */
  readonly zipFile: string;
  /** Those of the template; ids and ARNs may be those of constructs. */
  readonly parameters: Readonly<Record<string, Value>>;
}

interface Row {
  Type: string;
  Description: string;
  Default?: Value;
  AllowedValues?: Value[];
  AllowedPattern?: string;
  MinLength?: number;
  MinValue?: number;
  MaxValue?: number;
  NoEcho?: boolean;
}
// What JSON holds.
type Json = any;

/**
 * The authorizer, attached to the APIs whose ids the parameters name.
 *
 * Throws for what CloudFormation would refuse, and for a secret that would stand in the synthesised template: leave it
 * out, and it is asked for at deployment.
 */
export class CognitoAuthorizer extends Construct {
  readonly template: CfnInclude;
  /** For `addMethod`; undefined where no REST API is given. */
  readonly restAuthorizer?: apigateway.IAuthorizer;
  /** For `addRoutes`; undefined where no HTTP API is given. */
  readonly httpAuthorizer?: apigatewayv2.IHttpRouteAuthorizer;
  /** For `connectRouteOptions`; undefined where no WebSocket API is given. */
  readonly webSocketAuthorizer?: apigatewayv2.IWebSocketRouteAuthorizer;

  constructor(scope: Construct, id: string, props: CognitoAuthorizerProps) {
    super(scope, id);
    const tree = JSON.parse(readFileSync(props.template, "utf8"));
    const zipped = new Asset(this, "Zip", { path: props.zipFile });
    const own = { CodeBucket: zipped.s3BucketName, CodeKey: zipped.s3ObjectKey };
    const [values, askedFor] = chosenValues(tree.Parameters, { ...props.parameters, ...own });
    const reduced = reduce(tree, values, askedFor);
    const told = Object.entries(values).filter(([name]) => !(name in own));
    const contents = [reduced.Resources, Stack.of(this).resolve(Object.fromEntries(told)), zipped.assetHash];
    const folder = mkdtempSync(join(tmpdir(), "authorizer-"));
    try {
      const templateFile = join(folder, "template.json");
      writeFileSync(templateFile, JSON.stringify(withVersion(reduced, contents)));
      this.template = new CfnInclude(this, "Template", { templateFile, parameters: values });
    } finally {
      rmSync(folder, { recursive: true });
    }
    const rest = this.find("RestAuthorizer");
    const http = this.find("HttpAuthorizer");
    const webSocket = this.find("WebSocketAuthorizer");
    this.restAuthorizer = rest && {
      authorizerId: rest.ref,
      authorizationType: apigateway.AuthorizationType.CUSTOM,
    };
    this.httpAuthorizer =
      http &&
      apigatewayv2.HttpAuthorizer.fromHttpAuthorizerAttributes(this, "Http", {
        authorizerId: http.ref,
        authorizerType: "CUSTOM",
      });
    this.webSocketAuthorizer =
      webSocket &&
      apigatewayv2.WebSocketAuthorizer.fromWebSocketAuthorizerAttributes(this, "WebSocket", {
        authorizerId: webSocket.ref,
        authorizerType: "CUSTOM",
      });
  }

  private find(name: string): CfnResource | undefined {
    return this.template.node.tryFindChild(name) as CfnResource | undefined;
  }
}

/** Each parameter's value, and the names of the secrets that are asked for at deployment. */
function chosenValues(rows: Record<string, Row>, given: Record<string, Value>): [Record<string, Value>, Set<string>] {
  const problems = Object.keys(given)
    .filter((name) => !(name in rows))
    .map((name) => `${name}: no such parameter; there are ${Object.keys(rows).join(", ")}`);
  const values: Record<string, Value> = {};
  const askedFor = new Set<string>();
  for (const [name, row] of Object.entries(rows)) {
    if (!(name in given) && row.NoEcho) {
      askedFor.add(name);
      continue;
    }
    let value = given[name] ?? row.Default;
    if (row.Type === "CommaDelimitedList" && typeof value === "string" && !Token.isUnresolved(value)) {
      value = value ? value.split(",") : [];
    }
    const problem = problemOf(row, value);
    if (problem) problems.push(`${name}: ${problem}`);
    else values[name] = value as Value;
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  return [values, askedFor];
}

/** What of a parameter's value CloudFormation would refuse. */
function problemOf(row: Row, value: Value | undefined): string | undefined {
  if (value === undefined) return `expected a value: ${row.Description}`;
  if (Token.isUnresolved(value)) return undefined;
  if (row.NoEcho) return "would stand in the template; leave it out, and say it to `cdk deploy --parameters`";
  const shown = String(value);
  if (row.AllowedValues && !row.AllowedValues.map(String).includes(shown)) {
    return `expected one of ${row.AllowedValues.join(", ")}, found ${shown}`;
  }
  if (row.AllowedPattern && !new RegExp(`^(?:${row.AllowedPattern})$`).test(shown)) {
    return `expected ${row.AllowedPattern}, found ${shown}`;
  }
  if (shown.length < (row.MinLength ?? 0)) return "expected a text that is not empty";
  if (row.Type === "Number") {
    const [least, most] = [row.MinValue ?? -Infinity, row.MaxValue ?? Infinity];
    if (!/^\d+$/.test(shown) || Number(shown) < least || Number(shown) > most) {
      return `expected a whole number from ${least} to ${most}, found ${shown}`;
    }
  }
  return undefined;
}

/**
 * The template with the branches that the values choose, and without what is not made.
 *
 * A condition must be decided here: what CloudFormation decides must not name resources, and an API's id does.
 */
function reduce(tree: Json, values: Record<string, Value>, askedFor: Set<string>): Json {
  const literal = (value: Json): Json => {
    if (value?.Ref !== undefined && value.Ref in values) return values[value.Ref];
    if (value?.["Fn::Join"]) return literal(value["Fn::Join"][1]).join(value["Fn::Join"][0]);
    return value;
  };
  const holds = (condition: Json): boolean => {
    if (condition.Condition) return holds(tree.Conditions[condition.Condition]);
    if (condition["Fn::Not"]) return !holds(condition["Fn::Not"][0]);
    if (condition["Fn::And"]) return condition["Fn::And"].every(holds);
    if (condition["Fn::Or"]) return condition["Fn::Or"].some(holds);
    if (condition["Fn::Equals"]) {
      const [one, expected] = condition["Fn::Equals"];
      const value = literal(one);
      if (Token.isUnresolved(value)) {
        if (expected !== "") throw new Error(`${JSON.stringify(one)}: must be known when the app is synthesised`);
        return false;
      }
      return String(value) === String(literal(expected));
    }
    throw new Error(`no such condition is generated: ${JSON.stringify(condition)}`);
  };
  const isNone = (value: Json): boolean => value?.Ref === "AWS::NoValue";
  const plain = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    if (value["Fn::If"]) {
      const [name, yes, no] = value["Fn::If"];
      return plain(holds({ Condition: name }) ? yes : no);
    }
    const items = Object.entries(value).map(([key, item]) => [key, plain(item)]);
    return Object.fromEntries(items.filter(([, item]) => !isNone(item)));
  };
  const made = (section: Record<string, Json>): Json =>
    Object.fromEntries(
      Object.entries(section)
        .filter(([, { Condition }]) => Condition === undefined || holds({ Condition }))
        .map(([name, { Condition, ...one }]) => [name, plain(one)]),
    );

  const rules: Json = {};
  for (const [name, rule] of Object.entries<Json>(tree.Rules ?? {})) {
    if (JSON.stringify(rule).includes("AWS::AccountId")) {
      rules[name] = rule; // of the account, which CloudFormation knows
    } else if (holds(rule.RuleCondition)) {
      const failed = rule.Assertions.filter((one: Json) => !holds(one.Assert));
      if (failed.length > 0) throw new Error(failed.map((one: Json) => one.AssertDescription).join("; "));
    }
  }
  const kept = Object.entries(tree.Parameters).filter(([name]) => name in values || askedFor.has(name));
  return {
    AWSTemplateFormatVersion: tree.AWSTemplateFormatVersion,
    Description: tree.Description,
    Parameters: Object.fromEntries(kept),
    ...(Object.keys(rules).length > 0 ? { Rules: rules } : {}),
    Resources: made(tree.Resources),
    Outputs: made(tree.Outputs),
  };
}

/** The template with its version named by all that it is: another function is another version. */
function withVersion(tree: Json, contents: Json): Json {
  const version = `Version${createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 16)}`;
  const renamed = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(renamed);
    if (value === null || typeof value !== "object") return value;
    const path = value["Fn::GetAtt"];
    if (path?.[0] === "Version") return { "Fn::GetAtt": [version, path[1]] };
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renamed(item)]));
  };
  const resources = Object.entries(tree.Resources).map(([name, one]) => [name === "Version" ? version : name, renamed(one)]);
  return { ...tree, Resources: Object.fromEntries(resources) };
}
