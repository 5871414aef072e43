"""Random policies and requests, made so that they often meet: few services, few names, many wildcards.

Plain functions of a `random.Random`, a hundred times as fast as a Hypothesis strategy of the same breadth.
"""

from random import Random

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest

WORDS = ("a", "b", "ab", "a/b", "b:a")
ACTIONS = ("Get", "get", "GetObject", "Put", "*", "Get*", "G?t", "*t")
OPERATORS = (
    *("StringEquals", "StringLike", "StringNotLike", "ForAllValues:StringLike"),
    "ForAnyValue:StringEqualsIfExists",
)


def pattern(random: Random) -> str:
    parts = (*WORDS, "*", "?", "${aws:PrincipalTag/team}", "${*}")
    return "".join(random.choices(parts, k=random.randint(1, 3)))


def action(random: Random) -> str:
    return f"{random.choice(('sns', 'SNS', 'sqs'))}:{random.choice(ACTIONS)}"


def resource(random: Random) -> str:
    fields = [random.choice(("sns", "sqs")), *random.choices(("", "*", "1", "2"), k=2)]
    return ":".join(("arn", random.choice(("aws", "*")), *fields, pattern(random)))


def condition(random: Random) -> Condition:
    return Condition(
        operator=random.choice(OPERATORS),
        key=random.choice(("s3:prefix", "aws:TagKeys")),
        values=tuple(pattern(random) for _ in range(random.randint(1, 3))),
    )


def statement(random: Random) -> Statement:
    conditions = {(each.operator, each.key): each for each in (condition(random) for _ in range(2))}
    return Statement(
        sid=random.choice((None, "One", "Two")),
        effect="Allow" if random.random() < 0.75 else "Deny",
        actions=tuple(
            f"{random.choice(('sns', 'SNS', 'sqs'))}:{random.choice(ACTIONS)}"
            for _ in range(random.randint(1, 4))
        ),
        resources=tuple(resource(random) for _ in range(random.randint(1, 4))),
        conditions=tuple(
            random.sample(list(conditions.values()), random.choice((0, 0, 0, 1, len(conditions))))
        ),
    )


def document(random: Random) -> Document:
    """One to six statements, some of them alike but for one element."""
    statements = [statement(random) for _ in range(random.randint(1, 4))]
    for _ in range(random.randint(0, 2)):
        one, other = random.choice(statements), random.choice(statements)
        statements.append(
            Statement(
                effect=one.effect,
                actions=random.choice((one, other)).actions,
                resources=random.choice((one, other)).resources,
                conditions=one.conditions,
            )
        )
    return Document(statements=tuple(statements))


def request(random: Random, document: Document) -> AccessRequest:
    """Mostly one that some statement is about: its patterns with words for their wildcards."""
    about = random.choice(document.statements)

    def text(like: str) -> str:
        if random.random() < 0.1:
            return "".join(random.choices((*WORDS, "*", "team"), k=2))
        for hole, values in (
            ("${aws:PrincipalTag/team}", WORDS),
            ("${*}", "*"),
            ("*", ("", *WORDS)),
            ("?", "ab"),
        ):
            like = like.replace(hole, random.choice(values))
        return like

    context: dict[str, str | list[str]] = {}
    for each in about.conditions:
        values = [text(value) for value in random.sample(each.values, random.randint(1, len(each.values)))]
        context[each.key] = values if each.key == "aws:TagKeys" else values[0]
    if random.random() < 0.6:
        context["aws:PrincipalTag/team"] = random.choice(WORDS)
    fields = random.choice(about.resources).split(":", 5)
    wild = [random.choice(("", "1", "2")) if field == "*" else field for field in fields[3:5]]
    action = random.choice(about.actions).replace("*", random.choice(("", "Get", "Object"))).replace("?", "e")
    return AccessRequest(
        action=action, resource=":".join(("arn", "aws", fields[2], *wild, text(fields[5]))), context=context
    )
