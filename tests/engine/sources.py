"""Sources of templates whose statements stand behind tests and in loops, by hand and at random."""

import random
from collections.abc import Sequence

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.template.template import TemplateSet

SMALL = {
    "tenant": declare({"type": "slug", "max_length": 4}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
    "teams": declare({"type": "slug", "max_length": 4, "list": True, "max_items": 3}),
}
PATHS = ("common", "a/*", "{{ tenant }}/*", "{{ plan }}/*", "a/{{ tenant }}", "*/b")
TESTS = (
    *('"w" in scopes', '"r" in scopes', "not (tenant is defined)", "tenant is defined", 'plan == "pro"'),
    *('plan == "free" or "w" in scopes', '"x" in teams', 'not ("w" in scopes) and "r" in scopes'),
)
FIRST = '{"Sid":"First","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/first/{{ tenant }}/*"}'


def in_order(*statements: str) -> str:
    return f'{{"Version":"2012-10-17",\n"Statement":[{"".join(statements)}]}}'


def behind_tests(count: int) -> str:
    """A statement, and `count` more, each behind a scope of its own."""
    more = (
        f'\n{{% if "s{number}" in scopes %}}, {FIRST.replace("irst", f"ile{number}")}{{% endif %}}'
        for number in range(count)
    )
    return in_order(FIRST, *more)


def random_statement(rng: random.Random, sid: str, paths: Sequence[str]) -> str:
    effect = rng.choice(["Allow", "Allow", "Allow", "Deny"])
    action = rng.choice(["s3:GetObject", "s3:PutObject", "s3:*"])
    path = rng.choice(paths)
    if rng.random() < 0.2:
        path += f"{{% if {rng.choice(TESTS)} %}}/x{{% endif %}}"
    return f'{{"Sid":"{sid}","Effect":"{effect}","Action":"{action}","Resource":"arn:aws:s3:::b/{path}"}}'


def random_source(
    rng: random.Random, *, careless: bool = False, paths: Sequence[str] = PATHS, loops: bool = True
) -> str:
    """Statements, some behind tests and in loops; `careless`: with a comma or a Sid that may not fit."""
    numbers = iter(range(100))

    def entry(depth: int) -> str:
        sid = "Same" if careless and rng.random() < 0.4 else f"S{next(numbers)}"
        comma = "" if careless and rng.random() < 0.1 else ","
        kind = rng.choice(["plain", "test", "else", *(["loop"] if loops else [])]) if depth < 2 else "plain"
        if kind == "plain":
            return comma + random_statement(rng, sid, paths)
        if kind == "loop":
            item = (
                f'{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/{{{{ t{depth} }}}}"}}'
            )
            written = f"{{% if not loop.last %}}{item},{{% else %}}{item}{{% endif %}}"
            body = rng.choice([written, f"{item},"][: 1 + careless])
            return f"{comma}{{% for t{depth} in teams %}}{body}{{% endfor %}}"
        otherwise = f"{{% else %}}{entry(depth + 1)}" if kind == "else" else ""
        return f"{{% if {rng.choice(TESTS)} %}}{entry(depth + 1)}{otherwise}{{% endif %}}"

    return in_order(FIRST, *(entry(0) for _ in range(rng.randint(1, 4))))


def compiled(source: str) -> TemplateSet | None:
    """The template `t`, or None where it does not load."""
    try:
        return TemplateSet.compile({"t": source}, claims=SMALL, variables={})
    except TemplateInvalid:
        return None
