"""`python -m authorizer` is the `authorizer` command."""

from authorizer.cli import main

main()
