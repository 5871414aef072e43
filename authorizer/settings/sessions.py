"""`[session]`, `[sealing]`, `[private_sealing]` and `[shared_cache]`: how sessions are made, carried and kept."""

from authorizer.settings.reader import Section
from authorizer.settings.schema import MAX_CHAINED_DURATION, MIN_DURATION, Sealing, Session, SharedCache

_TABLE = r"(?:arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}"


def defaults(section: Section) -> tuple[str, int]:
    """`name` and `duration` of `[session]`: of each role that says nothing else."""
    duration = section.seconds("duration", "1h", least=MIN_DURATION, most=MAX_CHAINED_DURATION)
    return section.text("name", "{sub}"), int(duration)


def session(section: Section) -> Session:
    """`[session]`, without what roles have by default."""
    entries = section.integer("cache_entries", least=1, most=100_000)
    return Session(
        context=section.choice("context", ("plain", "sealed", "none"), "plain"),
        end_with_token=section.flag("end_with_token"),
        cache_entries=1000 if entries is None else entries,
    )


def sealing(root: Section, name: str) -> Sealing | None:
    """`[sealing]` or `[private_sealing]`. What `keys` holds is never quoted in a problem."""
    if name not in root:
        return None
    section = root.section(name)
    value = Sealing(
        source=section.choice("source", ("environment", "secretsmanager", "kms"), "environment"),
        keys=section.text("keys"),
        private=name == "private_sealing",
    )
    section.done()
    return value


def shared_cache(root: Section) -> SharedCache | None:
    """`[shared_cache]`. A table's name or ARN (DynamoDB API reference, GetItem, TableName)."""
    if "shared_cache" not in root:
        return None
    section = root.section("shared_cache")
    value = SharedCache(
        table=section.text("table", pattern=_TABLE, expected="the name or the ARN of a DynamoDB table"),
        region=section.optional_text("region", pattern=r"[a-z0-9-]{1,32}", expected="an AWS Region"),
    )
    section.done()
    return value
