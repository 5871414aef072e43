"""Whom an answer means, in words."""

from authorizer.engine import TemplateSet
from authorizer.engine.prove import Asker, Literals, in_template, in_words


def words(asker: Asker, way: Literals, templates: TemplateSet) -> list[str]:
    """What users must be, a word each: `tenant = acme`, `with scope data:write`."""
    held = sorted((templates.origin(char)[0], text) for char, text in asker.values)
    return [
        *(f"{claim} {'has' if templates.claims[claim].is_list else '='} {text}" for claim, text in held),
        *sorted(map(in_words, way)),
    ]


def conditions(asker: Asker, templates: TemplateSet) -> list[str]:
    """What is left over of the request, in words; claims as in templates."""
    return [in_template(condition, templates.origin) for condition in asker.conditions]


def exceptions(asker: Asker, templates: TemplateSet) -> list[str]:
    """Who may not all the same, or where, in words."""
    told = []
    for each in asker.but:
        held = sorted((templates.origin(char)[0], text) for char, text in each.values)
        words = [f"{claim} = {text}" for claim, text in held]
        told.append(" and ".join((*words, *(in_template(one, templates.origin) for one in each.conditions))))
    return told
