"""Condition keys of the services that templates use, for the linter.

Source: Service Authorization Reference, the pages of these services, and IAM User Guide, "AWS global condition context
keys". A service that is not listed here is not judged. Keys are in lower case; one that ends in `/` begins a family,
such as `aws:PrincipalTag/…`.
"""

from collections.abc import Mapping

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

SERVICES: Mapping[str, frozenset[str]] = {
    "dynamodb": frozenset(
        {
            *(
                "dynamodb:attributes",
                "dynamodb:enclosingoperation",
                "dynamodb:fulltablescan",
                "dynamodb:leadingkeys",
            ),
            *("dynamodb:returnconsumedcapacity", "dynamodb:returnvalues", "dynamodb:select"),
        }
    ),
    "s3": frozenset(
        {
            *(
                "s3:accessgrantsinstancearn",
                "s3:accesspointnetworkorigin",
                "s3:authtype",
                "s3:dataaccesspointaccount",
            ),
            *(
                "s3:dataaccesspointarn",
                "s3:delimiter",
                "s3:existingobjecttag/",
                "s3:if-match",
                "s3:if-none-match",
            ),
            *("s3:locationconstraint", "s3:max-keys", "s3:object-lock-legal-hold", "s3:object-lock-mode"),
            *(
                "s3:object-lock-remaining-retention-days",
                "s3:object-lock-retain-until-date",
                "s3:objectcreationoperation",
            ),
            *(
                "s3:prefix",
                "s3:requestobjecttag/",
                "s3:requestobjecttagkeys",
                "s3:resourceaccount",
                "s3:signatureage",
            ),
            *(
                "s3:signatureversion",
                "s3:tlsversion",
                "s3:versionid",
                "s3:x-amz-acl",
                "s3:x-amz-content-sha256",
            ),
            *(
                "s3:x-amz-copy-source",
                "s3:x-amz-grant-full-control",
                "s3:x-amz-grant-read",
                "s3:x-amz-grant-read-acp",
            ),
            *("s3:x-amz-grant-write", "s3:x-amz-grant-write-acp", "s3:x-amz-metadata-directive"),
            *("s3:x-amz-object-ownership", "s3:x-amz-server-side-encryption"),
            *(
                "s3:x-amz-server-side-encryption-aws-kms-key-id",
                "s3:x-amz-server-side-encryption-customer-algorithm",
            ),
            *("s3:x-amz-storage-class", "s3:x-amz-website-redirect-location"),
        }
    ),
    "sqs": frozenset(),
    "sns": frozenset({"sns:endpoint", "sns:protocol"}),
    "ssm": frozenset(
        {
            *(
                "ssm:autoapprove",
                "ssm:documentcategories",
                "ssm:documenttype",
                "ssm:overwrite",
                "ssm:policies",
            ),
            *("ssm:recursive", "ssm:resourcetag/", "ssm:sessiondocumentaccesscheck", "ssm:sourceinstancearn"),
            "ssm:synctype",
        }
    ),
    "secretsmanager": frozenset(
        {
            *(
                "secretsmanager:addreplicaregions",
                "secretsmanager:blockpublicpolicy",
                "secretsmanager:description",
            ),
            *("secretsmanager:forcedeletewithoutrecovery", "secretsmanager:forceoverwritereplicasecret"),
            *("secretsmanager:kmskeyarn", "secretsmanager:kmskeyid", "secretsmanager:modifyrotationrules"),
            *(
                "secretsmanager:name",
                "secretsmanager:recoverywindowindays",
                "secretsmanager:resource/allowrotationlambdaarn",
                "secretsmanager:resource/type",
            ),
            *(
                "secretsmanager:resourcetag/",
                "secretsmanager:rotateimmediately",
                "secretsmanager:rotationlambdaarn",
            ),
            *("secretsmanager:secretid", "secretsmanager:secretprimaryregion", "secretsmanager:versionid"),
            *("secretsmanager:type", "secretsmanager:versionstage"),
        }
    ),
}
"""Service → its own keys. Every service also has the global ones."""

ONLY_FOR: Mapping[str, frozenset[str]] = {
    "s3:prefix": frozenset({"s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"}),
    "s3:delimiter": frozenset({"s3:listbucket", "s3:listbucketversions"}),
    "s3:max-keys": frozenset({"s3:listbucket", "s3:listbucketversions"}),
}
"""Key → the actions that have it. With any other action it is absent: a positive condition never holds."""


def known(key: str) -> bool | None:
    """Whether the key exists; None where its service is not listed here."""
    name = key.lower()
    service = name.partition(":")[0]
    listed = GLOBAL if service == "aws" else SERVICES.get(service)
    if listed is None:
        return None
    if name in listed:
        return not name.endswith("/")  # a family's own name is no key
    family, _, member = name.partition("/")
    return f"{family}/" in listed and bool(member)
