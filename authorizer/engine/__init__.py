"""The policy engine: typed claims in, one user's session policy out. It imports nothing else of this
project."""
