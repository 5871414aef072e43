"""What is generated of a plan, file by file, in each format. It reads nothing but what the package brings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from authorizer.deployment import terraform
from authorizer.deployment.cloudformation import Release, template, to_json, to_yaml
from authorizer.deployment.plan import Plan
from authorizer.deployment.steps import Made, heading, steps

Language = Literal["python", "typescript"]
CONSTRUCT: Mapping[Language, str] = {"python": "cognito_authorizer.py", "typescript": "cognito-authorizer.ts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Files by their path in the folder that is asked for."""

    shown: str
    """The one file of `files` that is printed where no folder is named: what access.toml decides."""
    files: Mapping[str, str]
    once: Mapping[str, str]
    """What is its reader's own once it is there: never written over."""

    @property
    def text(self) -> str:
        return self.files[self.shown]


def generate(
    plan: Plan,
    release: Release,
    *,
    command: str,
    bundle: str,
    language: Language,
    folder: str = ".",
    access: str = "",
) -> Output:
    """All of it. `command` is what was typed; `bundle` is the zip, `folder` where all of it goes, and `access` the
    access.toml that was named, as the caller's folder sees them."""
    if release.form == "terraform":
        asked = terraform.required(plan)
        made = Made(plan=plan, release=release, required=asked, folder=folder, access=access)
        return _terraform(made, command, bundle)
    tree = template(plan, release)
    required = [name for name, one in tree["Parameters"].items() if "Default" not in one]
    if release.form == "cdk":
        required = [name for name in required if name not in ("CodeBucket", "CodeKey")]
    made = Made(
        plan=plan, release=release, required=required, language=language, folder=folder, access=access
    )
    told = heading(made, command)
    if release.form != "cdk":
        files = {"template.yaml": to_yaml(tree, told), "STEPS.md": steps(made, bundle)}
        return Output(shown="template.yaml", files=files, once={})
    brought = _brought(f"cdk/{language}")
    name = CONSTRUCT[language]
    shown = "authorizer.template.json"
    files = {
        shown: to_json(tree, told, release.code),
        name: brought.pop(name),
        "STEPS.md": steps(made, bundle),
    }
    return Output(shown=shown, files=files, once=brought)


def _terraform(made: Made, command: str, bundle: str) -> Output:
    module = {
        f"authorizer/{name}": text
        for name, text in _brought("terraform").items()
        if made.plan.handing_out or not name.startswith("credentials")
    }
    files = {
        "main.tf": terraform.root(made.plan, made.release, heading(made, command)),
        **module,
        "STEPS.md": steps(made, bundle),
    }
    return Output(shown="main.tf", files=files, once={})


def _brought(folder: str) -> dict[str, str]:
    """Files of `deploy/`, which an installed package has inside it and a checkout at its top."""
    packed = Path(__file__).with_name("brought")
    deploy = packed if packed.is_dir() else Path(__file__).parents[2] / "deploy"
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted((deploy / folder).iterdir())
        if file.is_file()
    }
