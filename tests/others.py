"""Vectors that this project did not write: they may lie beside a checkout, and are never part of it.

What they notice our own vectors notice too, so nothing is missing where they are not: `test_grammar.py`,
`test_string_conditions.py` and `test_tenant_templates.py` under `tests/engine/`, and `tests/tokens/test_forgeries.py`.
"""

from tests.make import ROOT

OTHERS = ROOT.parent / "shared" / "data"
TESTS = (
    "engine/prove/test_aws_samples.py",
    "engine/document/test_iam_grammar.py",
    "engine/evaluate/test_subvectors.py",
    "tokens/test_wycheproof.py",
)
"""The tests that are about them and nothing else."""
