"""`access.toml` and the environment, read once into frozen values.

::

    load         the files → everything below, or every problem at once
    reader       one table of them: typed values, each problem with its place
    issuers, vocabulary, roles, routes, sessions     section → frozen value; what it says alone is judged here
    limits, walks, kinds                             what STS takes; paths that no scope opens; kinds of issuers
    coherence    what sections say together
    schema       the values
"""
