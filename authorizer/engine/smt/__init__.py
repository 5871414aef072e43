"""The prover's questions again, in SMT-LIB 2.6, for a solver that shares nothing with the prover.

Made of what templates render to and of the types of claims; the prover is not asked. `docs/soundness.md` says what an
answer is worth.
"""

from authorizer.engine.smt.export import Exported, export
from authorizer.engine.smt.paths import PathQuestion, export_paths

__all__ = ["Exported", "PathQuestion", "export", "export_paths"]
