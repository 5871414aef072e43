"""A CloudFormation or SAM template → what it deploys.

Sources: CloudFormation Template Reference; SAM Developer Guide, "Globals section" and "Generated CloudFormation
resources".
Macros, custom resources and stacks from elsewhere may make more than a template shows: what is known to is `unread`,
and for the rest there is what the account says.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from authorizer.deployed.arns import Arns
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.gather import FoundRole, Gathered, texts
from authorizer.deployed.intrinsics import NO_VALUE, STACK, Resolver
from authorizer.deployed.kinds import ATTACHED, KINDS, Attached
from authorizer.deployed.names import UNKNOWN_ACCOUNT, is_open
from authorizer.deployed.policies import read_policy
from authorizer.deployed.rows import ROWS, Row
from authorizer.deployed.serverless_globals import merged_globals
from authorizer.deployed.serverless_rows import IMPLICIT
from authorizer.deployed.template_unread import areas_of
from authorizer.deployed.tree import Located, place_of, read_tree
from authorizer.engine import partition_of

SERVERLESS: Final = "AWS::Serverless-2016-10-31"
MAX_NESTED: Final = 8
"""How deep stacks may nest here."""

_GLOBALS: Final = {
    "AWS::Serverless::Function": "Function",
    "AWS::Serverless::Api": "Api",
    "AWS::Serverless::HttpApi": "HttpApi",
}
Open = Callable[[str, str], tuple[str, str] | None]
"""(a template's file, a path relative to it) → the other file and its text; None where there is none."""
_ELSEWHERE: Final = "a stack from elsewhere: give its template, or what the account says"
_CUSTOM: Final = "somebody's own code makes what is not in the template: give what the account says"
_MAKES_MORE: Final = {
    "AWS::CloudFormation::CustomResource": _CUSTOM,
    "AWS::CloudFormation::StackSet": "stacks in other accounts or here: give what the account says",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": _ELSEWHERE,
    "AWS::Serverless::Connector": "SAM makes policies of it: give the template that `sam build` and a change set show",
    "AWS::Serverless::Application": _ELSEWHERE,
}
_AWS: Final = "AWS::"
_MODULE: Final = "::MODULE"
"""CloudFormation User Guide, "CloudFormation modules": what a type that ends so stands for is in its registry."""
_LAMBDA_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def is_template(tree: object) -> bool:
    """Whether a document is a template at all."""
    return isinstance(tree, dict) and isinstance(tree.get("Resources"), dict)


def read_template(
    text: str,
    file: str,
    *,
    parameters: Mapping[str, Any],
    region: str,
    open_file: Open,
    gathered: Gathered,
    prefix: str = "",
) -> None:
    """Everything in the template, into `gathered`. `parameters` have pseudo parameters too; what has no value is a
    stand-in. Raises `DeploymentInvalid`."""
    _Template(
        text,
        file=file,
        parameters=parameters,
        region=region,
        open_file=open_file,
        gathered=gathered,
        prefix=prefix,
    ).read()


class _Template:
    def __init__(
        self,
        text: str,
        *,
        file: str,
        parameters: Mapping[str, Any],
        region: str,
        open_file: Open,
        gathered: Gathered,
        prefix: str,
    ) -> None:
        tree = read_tree(text, file)
        if not is_template(tree):
            raise DeploymentInvalid(f"{file}: has no Resources: expected a CloudFormation template")
        self._file, self._prefix = file, prefix
        self._given, self._region, self._open_file = parameters, region, open_file
        self._gathered = gathered
        self._macros = [*_macros(tree, file)]
        self._globals = tree.get("Globals")
        names = gathered.names
        pseudo = {
            "AWS::Partition": partition_of(region) or "aws",
            "AWS::Region": region,
            "AWS::AccountId": UNKNOWN_ACCOUNT,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": names.made(f"{prefix}AWS::StackName"),
            "AWS::StackId": names.made(f"{prefix}AWS::StackId"),
        }
        pseudo |= {name: str(value) for name, value in parameters.items() if name in pseudo}
        self._resolver = Resolver(
            tree, parameters=parameters, pseudo=pseudo, names=names, prefix=prefix, output_of=self._output_of
        )
        self._children: dict[str, _Template | None] = {}
        """The stacks that it nests; None while one is being opened, and where its template is not here."""
        if not prefix:
            gathered.parameters.update(pseudo, self._resolver.declared, self._resolver.resources)
            gathered.parameters.update(f"{name}Role" for name in self._resolver.resources)  # SAM's own
        self._arns = Arns(self._resolver.known)
        self._implicit: set[str] = set()
        """Types of events for which SAM makes an API."""

    def read(self) -> None:
        self._gathered.files.append(self._file)
        for place, macro in self._macros:
            self._leave_all(place, f"the macro {macro} makes what is not in the template")
        deployed = dict(self._deployed())
        for logical, resource in deployed.items():
            kind = resource["Type"]
            if kind in KINDS and KINDS[kind].arn:
                name, reference = self._resolver.name_of(logical), self._resolver.value({"Ref": logical})
                for text in (name, str(reference)):
                    self._arns.add(kind, text, self._resolver.arn_of(logical))
        for logical, resource in deployed.items():
            self._read(logical, resource)
        for _, logical, kind in (IMPLICIT[each] for each in sorted(self._implicit)):
            place = place_of(self._globals, self._file)
            properties = self._with_globals({}, _GLOBALS[kind], place)
            self._row(kind, logical, properties, place, f"{self._prefix}{logical}")

    def output(self, name: str) -> Any:
        """What one of its outputs comes to; None where that cannot be told."""
        return self._resolver.output(name)

    def _deployed(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The resources whose condition holds, with what they come to."""
        for logical, resource in self._resolver.resources.items():
            place = place_of(resource, self._file)
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                self._leave_all(place, f"the resource {logical} has no Type")
                continue
            condition = resource.get("Condition")
            holds = self._resolver.holds(str(condition)) if condition is not None else True
            if holds is None:
                self._leave_all(
                    place, f"whether {logical} is deployed depends on {condition}: give --parameter"
                )
            if holds is False:
                continue
            properties = self._resolver.value(resource.get("Properties", Located({}, place)))
            if properties is NO_VALUE or not isinstance(properties, dict):
                self._leave_all(place, f"the properties of {logical} could not be read")
                continue
            if "Connectors" in resource:
                self._leave_all(place, f"{logical}: SAM makes policies of its Connectors: name them yourself")
            yield logical, {"Type": resource["Type"], "Properties": properties, "Place": place}

    def _read(self, logical: str, resource: Mapping[str, Any]) -> None:
        kind, properties, place = resource["Type"], resource["Properties"], resource["Place"]
        if kind in _MAKES_MORE:
            self._leave_all(place, f"{logical}: {_MAKES_MORE[kind]}")
        elif not kind.startswith(_AWS) or kind.endswith(_MODULE):
            self._leave_all(place, f"{logical}: is of the type {kind}: {_CUSTOM}")
        for area in areas_of(kind, properties, ROWS):
            self._gathered.leave(area, place, f"nothing is read of {kind}, which may say something")
        if kind == STACK:
            self._nested(logical, properties, place)
        if kind in _GLOBALS:
            properties = self._with_globals(properties, _GLOBALS[kind], place)
        if kind == "AWS::Serverless::Function":
            properties = self._with_apis(properties)
            if "Role" not in properties:
                properties = {**properties, "Role": self._made_role(logical, properties, place)}
        if kind in ATTACHED:
            self._attached(ATTACHED[kind], properties, place)
        self._row(kind, logical, properties, place, str(self._resolver.value({"Ref": logical})))

    def _row(
        self, kind: str, logical: str, properties: Mapping[str, Any], place: str, reference: str
    ) -> None:
        row = Row(
            kind=kind,
            logical=logical,
            properties=properties,
            place=place,
            arn=self._resolver.arn_of(logical) if kind in KINDS and KINDS[kind].arn else "",
            reference=reference,
            name=self._resolver.name_of(logical),
            region=self._region,
            arns_of=self._arns.behind,
            gathered=self._gathered,
        )
        ROWS.get(kind, Row.nothing)(row)
        row.own_policy()

    def _attached(self, row: Attached, properties: Mapping[str, Any], place: str) -> None:
        document = properties.get(row.document)
        if row.document == "Statement" and document is not None:
            document = Located({"Version": "2012-10-17", "Statement": document}, place)
        targets = texts(properties.get(row.target)) or ("",)
        for target in targets:
            for arn in self._arns.behind(target, row.on, row.otherwise):
                self._gathered.policy_on(arn, document or {}, place)

    def _with_apis(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        """The events with the APIs that SAM makes for those that name none."""
        events = properties.get("Events")
        if not isinstance(events, dict):
            return properties
        named = {}
        for name, event in events.items():
            kind, said = (
                (str(event.get("Type")), event.get("Properties")) if isinstance(event, dict) else ("", None)
            )
            said = said if isinstance(said, dict) else {}
            named[name] = event
            if kind in IMPLICIT and IMPLICIT[kind][0] not in said:
                of, logical, _ = IMPLICIT[kind]
                self._implicit.add(kind)
                place = place_of(event, self._file)
                named[name] = Located(
                    {**event, "Properties": {**said, of: f"{self._prefix}{logical}"}}, place
                )
        return {**properties, "Events": named}

    def _with_globals(self, properties: Mapping[str, Any], section: str, place: str) -> Mapping[str, Any]:
        """The properties beside those of `Globals` (SAM Developer Guide, "Globals section": maps are merged, lists are
        additive with the shared entries first, everything else is the resource's own)."""
        shared = self._globals.get(section) if isinstance(self._globals, dict) else self._globals
        if shared is None:
            return properties
        resolved = self._resolver.value(shared)
        if resolved is NO_VALUE:
            return properties
        if not isinstance(resolved, dict):
            self._leave_all(place, f"Globals of {section} could not be read")
            return properties
        merged, clashes = merged_globals(resolved, properties)
        for path in clashes:
            self._leave_all(place, f"{path} is of one kind in Globals, and of another here: write it once")
        return merged

    def _made_role(self, logical: str, properties: Mapping[str, Any], place: str) -> str:
        """The role that SAM makes for a function without one."""
        arn = self._resolver.value({"Fn::GetAtt": f"{logical}Role.Arn"})
        name = str(arn).rpartition("/")[2]
        role = FoundRole(
            name=name,
            arn=str(arn),
            place=place,
            trust=properties.get("AssumeRolePolicyDocument", _LAMBDA_TRUST),
            max_session=3600,
        )
        written = properties.get("Policies", [])
        for entry in written if isinstance(written, list) else [written]:
            if isinstance(entry, str):
                role.managed.append(entry)
            elif isinstance(entry, dict) and "Statement" in entry:
                role.policies.append(read_policy(entry, place))
            else:
                role.managed.append(f"a policy template of SAM: {', '.join(entry) if entry else '?'}")
        boundary = properties.get("PermissionsBoundary")
        role.boundary = boundary if isinstance(boundary, str) else None
        self._gathered.roles.append(role)
        return str(arn)

    def _nested(self, logical: str, properties: Mapping[str, Any], place: str) -> None:
        child = self._child(logical)
        if child is None:
            self._leave_all(
                place, f"the stack {logical} has a template that is not here: give it as another file"
            )
            return
        if not isinstance(properties.get("Parameters", {}), dict):
            self._leave_all(place, f"the Parameters of the stack {logical} could not be read")
        child.read()

    def _output_of(self, logical: str, name: str) -> Any:
        child = self._child(logical)
        return None if child is None else child.output(name)

    def _child(self, logical: str) -> "_Template | None":
        """A stack that it nests; None where its template is not here, or asks for what only itself says."""
        if logical not in self._children:
            self._children[logical] = None
            properties = self._resolver.value(self._resolver.resources[logical].get("Properties"))
            self._children[logical] = self._opened(logical, properties)
        return self._children[logical]

    def _opened(self, logical: str, properties: object) -> "_Template | None":
        url = properties.get("TemplateURL") if isinstance(properties, dict) else None
        if not isinstance(properties, dict) or not isinstance(url, str) or is_open(url) or "://" in url:
            return None
        found = self._open_file(self._file, url)
        if found is None or self._prefix.count("/") >= MAX_NESTED:
            return None
        given = properties.get("Parameters")
        parameters = {name: value for name, value in self._given.items() if name.startswith("AWS::")}
        file, text = found
        return _Template(
            text,
            file=file,
            parameters={**parameters, **(given if isinstance(given, dict) else {})},
            region=self._region,
            open_file=self._open_file,
            gathered=self._gathered,
            prefix=f"{self._prefix}{logical}/",
        )

    def _leave_all(self, place: str, why: str) -> None:
        self._gathered.leave_all(place, why)


def _macros(tree: Mapping[str, Any], file: str) -> Iterator[tuple[str, str]]:
    """(place, name) of every macro: those of the whole template, and those that stand inside."""
    names = texts(tree.get("Transform") or [])
    for name in ("of Transform",) if names is None else names:
        if name != SERVERLESS:
            yield file, name
    inside: list[Any] = [tree]
    while inside:
        value = inside.pop()
        if isinstance(value, dict):
            if "Fn::Transform" in value:
                yield place_of(value, file), "here"
            inside += value.values()
        elif isinstance(value, list):
            inside += value
