"""Configurations to ask about: what is bundled, each kind of the library, and each with a mistake."""

from collections.abc import Iterator, Sequence

from authorizer.settings.schema import Access
from tests.library.adding import EVERY, with_kind
from tests.library.test_library import NOT_PROVEN, TWINS
from tests.make import make_access, sample_access, sample_templates

BROKEN = {
    # Template → what its author might have written instead, and what is there.
    "s3-home": ("home/{{ sub }}/*", "home/{{ sub }}*"),
    "s3-tenant": ("tenants/{{ tenant }}/*", "tenants/{{ tenant }}*"),
    "dynamodb-tenant": ("table/{{ table }}", "table/*"),
    "tenant-data": ('"s3:prefix": "tenants/{{ tenant }}/*"', '"aws:UserAgent": "{{ tenant }}"'),
    "s3-client": ("clients/{{ client }}/*", "*/{{ client }}/*"),
}


def bundled() -> Iterator[tuple[str, Access, Sequence[str]]]:
    yield "bundled", sample_access(), ()
    for name, (right, wrong) in BROKEN.items():
        source = sample_templates()[name]
        assert right in source
        templates = {**sample_templates(), name: source.replace(right, wrong)}
        yield f"{name} with {wrong}", make_access(templates=templates), [name]


def library() -> Iterator[tuple[str, Access, Sequence[str]]]:
    for name, kind in EVERY.items():
        yield name, with_kind(name), [name]
        for mistake, right, wrong in (rows[name] for rows in (TWINS, NOT_PROVEN) if name in rows):
            yield f"{name}: {mistake}", with_kind(name, template=kind.template.replace(right, wrong)), [name]


def corpora() -> Iterator[tuple[str, Access, Sequence[str]]]:
    """A name, a configuration, and what of it is asked about: all, or the policies named."""
    yield from bundled()
    yield from library()
