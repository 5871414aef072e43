"""Programs with the deployment's constants in them: what they say, and which way tests on them go."""

from collections.abc import Mapping

from authorizer.engine.language import quoted
from authorizer.engine.template.program import (
    Both,
    For,
    If,
    Node,
    Not,
    Program,
    Test,
    Text,
    Variable,
    VariableIs,
)


def bind(program: Program, variables: Mapping[str, str], *, settle: bool = True) -> Program:
    """The program with the values of the deployment's variables in it.

    A test on one is settled, so that the way not taken is no longer there. With `settle=False` it stays a question, as
    for whoever judges the program for every deployment.
    """
    bound: list[Node] = []
    for node in program:
        match node:
            case Variable(name=name, place=place):
                bound.append(Text(quoted(variables[name]), place))
            case If(test=test, then=then, otherwise=otherwise, place=place):
                settled = _settled(test, variables) if settle else test
                if isinstance(settled, bool):
                    bound += bind(then if settled else otherwise, variables)
                    continue
                then, otherwise = (bind(way, variables, settle=settle) for way in (then, otherwise))
                bound.append(If(settled, then, otherwise, place))
            case For(target=target, claim=claim, body=body, place=place):
                bound.append(For(target, claim, bind(body, variables, settle=settle), place))
            case _:
                bound.append(node)
    return tuple(bound)


def _settled(test: Test, variables: Mapping[str, str]) -> Test | bool:
    """What is left of a test once its variables have values."""
    match test:
        case VariableIs(variable=name, value=value):
            return variables[name] == value
        case Not(test=inner):
            settled = _settled(inner, variables)
            return not settled if isinstance(settled, bool) else Not(settled)
        case Both(left=left, right=right, either=either):
            one, other = _settled(left, variables), _settled(right, variables)
            if isinstance(one, bool):
                return one if one == either else other
            if isinstance(other, bool):
                return other if other == either else one
            return Both(one, other, either)
        case _:
            return test
