"""A configuration's proofs as questions for an SMT solver."""

from collections.abc import Collection

from authorizer.engine.prove import Promise
from authorizer.engine.smt import Exported, export, export_paths
from authorizer.gate.proof import subjects, tags_in
from authorizer.gate.route_proof import path_questions
from authorizer.settings.schema import Access


def export_settings(
    access: Access, names: Collection[str] = (), *, proofs: Collection[str] = ()
) -> list[Exported]:
    """Every question of the proofs of `names`, or of all: as `authorizer.gate.prove_settings` has them, those
    about routes where no names are given. `proofs` are the subjects of the proofs that were made: those about issuers
    and delegation are no questions about pairs of statements or paths, and become comments."""
    settings, templates = access
    found = {
        subject: tuple(dict.fromkeys(name for policies in joined for name in policies))
        for subject, joined in subjects(access).items()
    }
    rows = {
        name: Promise(isolates=row.isolates, shared=row.shared) for name, row in settings.policies.items()
    }
    claims = {name: claim.type for name, claim in settings.claims.items()}
    routes = export_paths([*path_questions(settings)] if not names else [], claims=claims)
    asked = {subject for question in routes for subject in question.subjects}
    statements = export(
        templates,
        subjects={
            subject: each
            for subject, each in found.items()
            if not names or subject.partition(" ")[2] in names
        },
        promises={name: rows.get(name, Promise()) for name in templates.names},
        claims=claims,
        tags={subject: tags_in(settings, subject, each) for subject, each in found.items()},
        beyond=[subject for subject in proofs if subject not in found and subject not in asked],
    )
    return [*statements, *routes]
