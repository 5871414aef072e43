"""The interpreter that measured processes run on."""


def bare_python() -> list[str]:
    """The interpreter without the libraries that are installed here."""
    # Imported here: the bundle that a worker runs does not have it.
    from authorizer.bundle.pythons import HERE, interpreter

    return [str(interpreter(HERE)), "-S", "-s"]
