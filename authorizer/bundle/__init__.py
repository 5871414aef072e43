"""The Lambda zip: what the request path imports, byte-compiled, with precompiled templates. Never in a Lambda itself.

::

    wheels    pinned libraries → a folder, for the chosen Python and architecture
    prune     what of them a request never needs
    service_data  botocore's data, cut to the services in use
    reach     which of our own modules the handler can reach
    ahead     what imports compile besides, found by importing
    bytecode  .py → .pyc that is not checked against its source at every start
    archive   a folder → a zip with the same bytes every time
    build     the steps in order
"""
