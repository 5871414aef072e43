"""What four other tools say of the planted faults: each in an environment of its own, outside the repository.

A fault counts as found where a tool says anything that it does not say of the same deployment without the fault, as it
is configured by default. cfn-lint and checkov read templates. parliament and cloudsplaining read policies and an
account's answer: they get what our reader makes of the template, with every function of CloudFormation resolved.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from authorizer.deployed import Deployment, Policy, ResourcePolicy, read_deployment

ACCOUNT: Final = "123456789012"
Said: TypeAlias = dict[str, set[str]]
"""Findings by the name of a template."""


def _run(*command: str | Path) -> str:
    """What a command prints, whatever it exits with: findings are no success to any of them."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout


def cfn_lint(tool: Path, templates: Mapping[str, Path], _: Path) -> Said:
    found: Said = {name: set() for name in templates}
    names = {str(place): name for name, place in templates.items()}
    for row in json.loads(_run(tool, "--format", "json", *templates.values()) or "[]"):
        found[names[row["Filename"]]].add(f"{row['Rule']['Id']} {row['Message']}")
    return found


def checkov(tool: Path, templates: Mapping[str, Path], scratch: Path) -> Said:
    found: Said = {name: set() for name in templates}
    names = {str(place): name for name, place in templates.items()}
    folder = next(iter(templates.values())).parent.parent
    options = ("--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "-o", "json")
    (scratch / "checkov.json").write_text(_run(tool, "--directory", folder, *options), encoding="utf-8")
    said = json.loads((scratch / "checkov.json").read_text(encoding="utf-8"))
    for row in said["results"]["failed_checks"]:
        if row["file_abs_path"] in names:
            found[names[row["file_abs_path"]]].add(f"{row['check_id']} {row['resource']}")
    return found


def parliament(tool: Path, templates: Mapping[str, Path], scratch: Path) -> Said:
    found: Said = {name: set() for name in templates}
    folder = scratch / "policies"
    folder.mkdir()
    for name, template in templates.items():
        for part, document in _documents(_deployment(template)):
            (folder / f"{name}.{part}.json").write_text(json.dumps(document), encoding="utf-8")
    for line in _run(tool, "--directory", folder, "--json").splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            name, _, part = Path(row["location"]["filepath"]).name.partition(".")
            found[name].add(f"{row['issue']} {row['detail']} {part}")
    return found


def cloudsplaining(tool: Path, templates: Mapping[str, Path], scratch: Path) -> Said:
    found: Said = {}
    for name, template in templates.items():
        folder = scratch / name
        folder.mkdir()
        (folder / "account.json").write_text(json.dumps(_account(_deployment(template))), encoding="utf-8")
        _run(tool, "scan", "--input-file", folder / "account.json", "--output", folder, "--skip-open-report")
        (results,) = folder.glob("iam-results-*.json")
        found[name] = set(_findings(json.loads(results.read_text(encoding="utf-8")), ""))
    return found


def _findings(said: Any, path: str) -> Iterator[str]:
    """Every finding, by its place; ids that are made of a policy's text stand for nothing."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            if key not in ("PolicyDocument", "AssumeRolePolicyDocument", "links", "Id", "PolicyId"):
                yield from _findings(value, f"{path}/{key if len(key) < 60 else ''}")
    elif isinstance(said, list):
        for value in said:
            yield from _findings(value, path)
    else:
        yield f"{path} {said}"


TOOLS: Final[Mapping[str, Callable[[Path, Mapping[str, Path], Path], Said]]] = {
    "cfn-lint": cfn_lint,
    "checkov": checkov,
    "parliament": parliament,
    "cloudsplaining": cloudsplaining,
}
"""A tool's command → what it says of each template, with a folder for its scratch."""


# ── what policies are called elsewhere ───────────────────────────────────────────────────────────────────────────────


def _deployment(template: Path) -> Deployment:
    return read_deployment([template], parameters={"AWS::AccountId": ACCOUNT}, region="eu-west-1")


def _documents(deployment: Deployment) -> Iterator[tuple[str, Any]]:
    for role in deployment.roles:
        yield f"trust-{role.name}", _document(role.trust, resources=False)
        for number, policy in enumerate((*role.policies, *((role.boundary,) if role.boundary else ()))):
            yield f"role-{role.name}-{number}", _document(policy)
    for number, each in enumerate(deployment.policies):
        yield f"resource-{number}", _of_resource(each)


def _of_resource(each: ResourcePolicy) -> Any:
    return _document(each.policy)


def _document(policy: Policy, *, resources: bool = True) -> dict[str, Any]:
    statements = []
    for rule in policy.rules:
        statement = rule.statement
        assert statement is not None, rule.problem
        row: dict[str, Any] = {"Effect": statement.effect}
        if rule.principals:
            who: dict[str, list[str]] = {}
            for principal in rule.principals:
                who.setdefault(principal.kind, []).append(principal.value)
            row["NotPrincipal" if rule.not_principals else "Principal"] = who
        row |= (
            {"NotAction": list(statement.not_actions)}
            if statement.not_actions
            else {"Action": list(statement.actions)}
        )
        if resources:
            row["Resource"] = list(statement.resources)
        for condition in statement.conditions:
            row.setdefault("Condition", {}).setdefault(condition.operator, {})[condition.key] = list(
                condition.values
            )
        statements.append(row)
    return {"Version": "2012-10-17", "Statement": statements}


def _account(deployment: Deployment) -> dict[str, Any]:
    """As `aws iam get-account-authorization-details` answers."""
    date = "2026-01-01T00:00:00+00:00"
    return {
        "UserDetailList": [],
        "GroupDetailList": [],
        "Policies": [],
        "RoleDetailList": [
            {
                "Path": "/",
                "RoleName": role.name,
                "RoleId": f"AROA{number:017}",
                "Arn": role.arn,
                "CreateDate": date,
                "AssumeRolePolicyDocument": _document(role.trust, resources=False),
                "InstanceProfileList": [],
                "RolePolicyList": [
                    {"PolicyName": f"policy-{at}", "PolicyDocument": _document(policy)}
                    for at, policy in enumerate(role.policies)
                ],
                "AttachedManagedPolicies": [],
                "Tags": [],
                "RoleLastUsed": {},
            }
            for number, role in enumerate(deployment.roles)
        ],
    }
