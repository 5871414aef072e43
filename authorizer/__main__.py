"""`python -m authorizer` is the `authorizer` command, and `authorizer` is this."""

import sys


def main() -> None:
    """Run the command, or say which extra brings it."""
    try:
        from authorizer.cli import main as command  # noqa: PLC0415 - without the extra `cli` there is none
    except ModuleNotFoundError as error:
        if error.name not in {"click", "typing_extensions"}:
            raise
        sys.exit(f"authorizer: {error.name} is not installed: pip install 'cognito-authorizer[cli]'")
    command()


if __name__ == "__main__":
    main()
