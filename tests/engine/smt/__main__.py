"""Every question of every proof, answered by cvc5 and held to the prover: the bundled policies, each kind of the
library, and each with the mistakes that tests plant.

`python -m tests.engine.smt` asks all of them (some minutes).
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from authorizer.engine.prove import Proof
from authorizer.gate import export_settings, prove_settings
from authorizer.settings.schema import Access
from tests.engine.smt.corpus import corpora
from tests.engine.smt.solver import answer


def contradictions(
    name: str, access: Access, names: Sequence[str], counts: Counter[tuple[str, str]]
) -> Iterator[str]:
    """Where cvc5 and the prover cannot both be right. Counts the answers by kind."""
    proofs = {proof.subject: proof for proof in prove_settings(access, names)}
    answers: dict[str, set[tuple[str, str]]] = {subject: set() for subject in proofs}
    for question in export_settings(access, names, proofs=[*proofs]):
        said = answer(question.text) or "not asked"
        counts[question.kind, said] += 1
        for subject in question.subjects:
            answers[subject].add((question.kind, said))
    for subject, proof in proofs.items():
        yield from (f"{name}: {subject}: {line}" for line in judged(proof, answers[subject], counts))


def judged(proof: Proof, answers: set[tuple[str, str]], counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """What cvc5's answers to one proof's questions make of its verdict."""
    said = {answer for _, answer in answers}
    if proof.verdict == "PROVEN" and ("exact", "sat") in answers:
        yield "PROVEN, and cvc5 has two users who meet"
    if proof.verdict == "LEAK" and said == {"unsat"}:
        yield "a LEAK, and cvc5 says that nobody meets"
    if proof.verdict == "UNKNOWN":
        decided = "unsat" if said == {"unsat"} else "sat" if ("exact", "sat") in answers else "neither"
        counts["UNKNOWN proofs", decided] += 1


def main() -> int:
    bad: list[str] = []
    total: Counter[tuple[str, str]] = Counter()
    for name, access, names in corpora():
        started = time.monotonic()
        counts: Counter[tuple[str, str]] = Counter()
        bad += contradictions(name, access, names, counts)
        total += counts
        said = ", ".join(f"{count} {kind}: {answer}" for (kind, answer), count in sorted(counts.items()))
        print(f"{name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    print("all: " + ", ".join(f"{count} {kind}: {answer}" for (kind, answer), count in sorted(total.items())))
    print("".join(f"  {line}\n" for line in bad) or "no contradiction")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
