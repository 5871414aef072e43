"""`authorizer check --all`: what a pull request runs, each part's findings as its own command tells them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from authorizer.cli.findings import Found, of_lint, sifted

if TYPE_CHECKING:
    from authorizer.settings.schema import Access


def everything(loaded: "Access", access: Path) -> Iterator[tuple[str, list[Found]]]:
    """(the command that tells the same, its findings) for the layout, the lint, the cases and the proof. Raises
    `CaseInvalid` for a file of cases that cannot be read."""
    from authorizer.cli.case_files import case_files, read_cases, run_cases
    from authorizer.cli.fmt import of_layout, templates_of, unformatted
    from authorizer.cli.of_results import of_proofs, of_results
    from authorizer.cli.policy_check import lint_all
    from authorizer.gate import prove_settings

    yield "fmt --check", of_layout([path for path, _ in unformatted(templates_of(access))])
    results = run_cases(loaded.templates, read_cases(loaded, case_files(access)))
    yield "policy check", sifted(of_lint(lint_all(loaded, access, results, threshold=100).left, access))[0]
    yield "policy test", list(of_results(results))
    yield "policy prove", list(of_proofs(prove_settings(loaded, ()), access))
