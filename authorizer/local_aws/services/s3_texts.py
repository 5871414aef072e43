"""S3's parameters that are texts with a grammar of their own, and what moto must not be asked even so."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from authorizer.local_aws import state
from authorizer.local_aws.needs import Call
from authorizer.local_aws.refusals import Refused

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""A bucket's name: no ARN of an access point, which would be judged by another resource."""
_UNJUDGED: Final = ("SSEKMSKeyId", "SSEKMSEncryptionContext", "MFA", "RequestPayer")
"""Parameters that call for permissions, or for a payer, that the door does not judge."""


READING: Final = ("GetObject", "HeadObject", "GetObjectAttributes", "SelectObjectContent")


def copy_source(text: str) -> tuple[str, str, str | None]:
    """`/bucket/key?versionId=…`, percent-encoded. Raises `Refused`."""
    path, mark, version = text.partition("?")
    bucket, _, key = unquote(path.removeprefix("/"), errors="replace").partition("/")
    name, _, value = version.partition("=")
    if not BUCKET.fullmatch(bucket) or not key or (mark and (name != "versionId" or not value)):
        raise Refused(
            "InvalidArgument", "the copy source is not BUCKET/KEY or BUCKET/KEY?versionId=ID, percent-encoded"
        )
    return bucket, key, unquote(value) if mark else None


def normal(call: Call) -> dict[str, Any]:
    """The parameters that are texts with a grammar of their own, written in the one way that nobody misreads."""
    made = dict(call.parameters)
    if "CopySource" in made:
        bucket, key, version = copy_source(made["CopySource"])
        made["CopySource"] = quote(f"{bucket}/{key}", safe="/")
        if version:
            made["CopySource"] += f"?versionId={quote(version, safe='')}"
    if isinstance(tagging := made.get("Tagging"), str):
        pairs = parse_qsl(tagging, keep_blank_values=True)
        if len(dict(pairs)) != len(pairs):
            raise Refused("InvalidArgument", "The header 'x-amz-tagging' has a key twice.")
        made["Tagging"] = urlencode(pairs, quote_via=quote)
    named = made.get("Bucket")
    if named is not None and not BUCKET.fullmatch(named):
        raise Refused("InvalidBucketName", "The specified bucket is not valid.")
    return made


def check_asked(call: Call) -> None:
    asked = call.parameters
    if unjudged := [name for name in _UNJUDGED if name in asked]:
        raise Refused("NotImplemented", f"the door does not judge {', '.join(unjudged)}", status=501)
    if str(asked.get("ServerSideEncryption", "AES256")) != "AES256":
        raise Refused("NotImplemented", "the door does not judge KMS keys in S3", status=501)
    for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
        if asked.get(name, call.principal.account) != call.principal.account:
            raise Refused("AccessDenied", "Access Denied", status=403)


def check(call: Call) -> None:
    """What is allowed, and must still not be asked of moto. Raises `Refused`."""
    asked, who = call.parameters, call.principal
    if (upload := asked.get("UploadId")) is not None:
        # moto finds an upload by its id alone: with a key of one's own another's parts would be read or finished.
        found = state.bucket(asked["Bucket"], who.account, who.partition)
        begun = None if found is None else found.multiparts.get(upload)
        if begun is None or begun.key_name != asked["Key"]:
            raise Refused("NoSuchUpload", "The specified upload does not exist.", status=404)
    read: list[tuple[str, str, str | None]] = []
    if call.asked.operation in READING:
        read.append((asked["Bucket"], asked["Key"], asked.get("VersionId")))
    if "CopySource" in asked:
        read.append(copy_source(asked["CopySource"]))
    for bucket, key, version in read:
        if getattr(thing(call, bucket, key, version), "kms_key_id", None):
            raise Refused(
                "NotImplemented",
                "the object is under a KMS key: the door judges none of those in S3",
                status=501,
            )


def thing(call: Call, bucket: str, key: str, version: str | None) -> Any:
    """moto's object; None if there is none."""
    found = state.bucket(bucket, call.principal.account, call.principal.partition)
    backend = state.of("s3", call.principal.account, call.principal.partition)
    return None if found is None else backend.get_object(bucket, key, version_id=version)
