"""cvc5, asked as a stranger would ask it: a script in, its answers out."""

import importlib
from typing import Any

RESOURCES = 2_000_000
"""What one question may cost, by cvc5's own count: some ten seconds of a processor. Not a time: a busy machine must not
change an answer."""


def answer(script: str, *, assuming: str = "") -> str:
    """`sat`, `unsat` or `unknown`; "" where nothing is asked. `assuming` are assertions to add."""
    cvc5: Any = importlib.import_module("cvc5")
    terms = cvc5.TermManager()
    solver, symbols = cvc5.Solver(terms), cvc5.SymbolManager(terms)
    solver.setOption("rlimit-per", str(RESOURCES))
    parser = cvc5.InputParser(solver, symbols)
    text = script.replace("(check-sat)", f"{assuming}\n(check-sat)")
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    said = []
    while not (command := parser.nextCommand()).isNull():
        said.append(str(command.invoke(solver, symbols)).strip())
    return "".join(said)
