"""Text with claims in it, such as `{tenant}.{sub}`: what session names and source identities are made of."""

import re

HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def holes(text: str) -> tuple[str, ...]:
    """The claims that a text names, in order. Raises ValueError where a brace stands for anything else."""
    if re.search(r"[{}]", HOLE.sub("", text)):
        raise ValueError(f'expected a text such as "{{sub}}", found {text!r}')
    return tuple(HOLE.findall(text))
