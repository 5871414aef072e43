"""What policies can do for every user at once: that no two users' permissions meet, that new templates allow no more
than old ones, and how much a role's templates can allow at all.

`docs/soundness.md` says what a verdict means and what it rests on.
"""

from authorizer.engine.prove.answers import Asker, who_has_a_session, who_may
from authorizer.engine.prove.askers import ways_of
from authorizer.engine.prove.automaton import Hole, Overlap, SymbolicPattern, find_overlap
from authorizer.engine.prove.changes import Change
from authorizer.engine.prove.confirmation import may_request
from authorizer.engine.prove.containment import Excess, find_excess
from authorizer.engine.prove.diff import RoleDiff, diff_role
from authorizer.engine.prove.fits import Filling, Part, fillings
from authorizer.engine.prove.found import Asked, Found, Undecided
from authorizer.engine.prove.inclusion import find_uncovered
from authorizer.engine.prove.proof import RESTS_ON, VERSION, Finding, Promise, Proof, Verdict
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.role_policy import RolePolicy, role_policy
from authorizer.engine.prove.saved import as_cases
from authorizer.engine.prove.separation import KEYS, Apart, compare
from authorizer.engine.prove.shared import covers, owned
from authorizer.engine.prove.sides import BY_ACTOR, Side, is_within
from authorizer.engine.prove.solve import requests_for
from authorizer.engine.prove.somebody import Guess, guesses
from authorizer.engine.prove.splitting import differences
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.tags import Tags
from authorizer.engine.prove.users import fill_in, placeholders_of
from authorizer.engine.prove.ways import Literals, in_template, in_words, shown, simplify
from authorizer.engine.prove.witness import Party, Witness, samples

__all__ = [
    "BY_ACTOR",
    "KEYS",
    "RESTS_ON",
    "VERSION",
    "Apart",
    "Asked",
    "Asker",
    "Change",
    "Excess",
    "Filling",
    "Finding",
    "Found",
    "Guess",
    "Hole",
    "Literals",
    "Overlap",
    "Part",
    "Party",
    "Promise",
    "Proof",
    "RoleDiff",
    "RolePolicy",
    "Side",
    "SymbolicPattern",
    "SymbolicStatement",
    "Tags",
    "Undecided",
    "Verdict",
    "Witness",
    "as_cases",
    "compare",
    "covers",
    "diff_role",
    "differences",
    "fill_in",
    "fillings",
    "find_excess",
    "find_overlap",
    "find_uncovered",
    "guesses",
    "in_template",
    "in_words",
    "is_within",
    "may_request",
    "owned",
    "placeholders_of",
    "prove",
    "read_statement",
    "requests_for",
    "role_policy",
    "samples",
    "shown",
    "simplify",
    "ways_of",
    "who_has_a_session",
    "who_may",
]
