"""`python -m authorizer` is the `authorizer` command."""

from authorizer.cli import main

if __name__ == "__main__":
    main()
