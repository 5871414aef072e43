"""The global condition keys, which requests of every service may have. A service's own are in the reference.

Source: IAM User Guide, "AWS global condition context keys". Keys are in lower case; one that ends in `/` begins a
family, such as `aws:PrincipalTag/…`.
"""

GLOBAL = frozenset(
    {
        *("aws:assumedroot", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
        *("aws:chatbotsourcearn", "aws:currenttime", "aws:epochtime"),
        *("aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4", "aws:federatedprovider"),
        *("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn"),
        *(
            "aws:principalisawsservice",
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:principalservicename",
        ),
        *("aws:principalservicenameslist", "aws:principaltag/", "aws:principaltype", "aws:referer"),
        *("aws:requestedregion", "aws:requesttag/", "aws:resourceaccount", "aws:resourceorgid"),
        *("aws:resourceorgpaths", "aws:resourcetag/", "aws:securetransport", "aws:sourceaccount"),
        *("aws:sourcearn", "aws:sourceidentity", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths"),
        *("aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:tagkeys"),
        *(
            "aws:tokenissuetime",
            "aws:useragent",
            "aws:userid",
            "aws:username",
            "aws:viaawsservice",
            "aws:vpcsourceip",
        ),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    }
)

OF_RESOURCES = frozenset({"aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"})
"""Those that only some actions and resources have: which, the reference says."""

MULTIVALUED = frozenset(
    {
        *("aws:calledvia", "aws:principalorgpaths", "aws:principalservicenameslist"),
        *("aws:resourceorgpaths", "aws:sourceorgpaths", "aws:tagkeys", "aws:vpceorgpaths"),
    }
)
"""Those whose "Value type" is multivalued on that page."""


def is_global(key: str) -> bool:
    """Whether there is such a global key (in lower case)."""
    return _within(key, GLOBAL)


def is_of_resources(key: str) -> bool:
    """Whether it is a global key (in lower case) that only some actions have."""
    return _within(key, OF_RESOURCES)


def _within(key: str, names: frozenset[str]) -> bool:
    if key in names:
        return not key.endswith("/")  # a family's own name is no key
    family, _, member = key.partition("/")
    return f"{family}/" in names and bool(member)
