"""S3: what its operations need, and what moto must not be asked although it is allowed.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; S3 User Guide,
"Required permissions for Amazon S3 API operations".
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote

from authorizer.local_aws import state
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.services.s3_texts import READING, check, check_asked, copy_source, normal, thing

When: TypeAlias = Callable[[Call], bool]
Row: TypeAlias = tuple[str, str, When]
"""An action, the resource that it is on (a key of `_ON`), and when the operation needs it."""


def _always(_: Call) -> bool:
    return True


def _has(*names: str) -> When:
    return lambda call: any(name in call.parameters for name in names)


def _lacks(name: str) -> When:
    return lambda call: name not in call.parameters


def _versions(action: str, of_version: str) -> tuple[Row, ...]:
    """The action, or the one that a request with a version needs in its place."""
    return ((action, "object", _lacks("VersionId")), (of_version, "object", _has("VersionId")))


def _source_has(version: bool) -> When:
    return lambda call: (_source(call)[2] is not None) is version


def _copies_tags(call: Call) -> bool:
    bucket, key, version = _source(call)
    return call.parameters.get("TaggingDirective", "COPY") == "COPY" and bool(
        _tags(call, bucket, key, version)
    )


_LOCK = _has("ObjectLockMode", "ObjectLockRetainUntilDate")
_ACL = _has("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
_WITH_OBJECT: tuple[Row, ...] = (
    ("s3:PutObjectAcl", "object", _ACL),
    ("s3:PutObjectTagging", "object", _has("Tagging")),
    ("s3:PutObjectRetention", "object", _LOCK),
    ("s3:PutObjectLegalHold", "object", _has("ObjectLockLegalHoldStatus")),
)
"""What a new object may bring along."""
_READ_SOURCE: tuple[Row, ...] = (
    ("s3:GetObject", "source", _source_has(False)),
    ("s3:GetObjectVersion", "source", _source_has(True)),
)
_BYPASS: Row = ("s3:BypassGovernanceRetention", "object", _has("BypassGovernanceRetention"))

ROWS: Final[Mapping[str, tuple[Row, ...]]] = {
    "GetObject": _versions("s3:GetObject", "s3:GetObjectVersion"),
    "HeadObject": _versions("s3:GetObject", "s3:GetObjectVersion"),
    "GetObjectAttributes": (
        *_versions("s3:GetObject", "s3:GetObjectVersion"),
        *_versions("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
    ),
    "PutObject": (("s3:PutObject", "object", _always), *_WITH_OBJECT),
    "CopyObject": (
        *_READ_SOURCE,
        ("s3:PutObject", "object", _always),
        ("s3:GetObjectTagging", "source", _copies_tags),
        ("s3:PutObjectTagging", "object", _copies_tags),
        *_WITH_OBJECT,
    ),
    "DeleteObject": (*_versions("s3:DeleteObject", "s3:DeleteObjectVersion"), _BYPASS),
    "GetObjectTagging": _versions("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    "PutObjectTagging": _versions("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    "DeleteObjectTagging": _versions("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    "GetObjectAcl": _versions("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "PutObjectAcl": _versions("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    "GetObjectLegalHold": (("s3:GetObjectLegalHold", "object", _always),),
    "PutObjectLegalHold": (("s3:PutObjectLegalHold", "object", _always),),
    "PutObjectRetention": (("s3:PutObjectRetention", "object", _always), _BYPASS),
    "SelectObjectContent": (("s3:GetObject", "object", _always),),
    "CreateMultipartUpload": (("s3:PutObject", "object", _always), *_WITH_OBJECT),
    "UploadPart": (("s3:PutObject", "object", _always),),
    "UploadPartCopy": (*_READ_SOURCE, ("s3:PutObject", "object", _always)),
    "CompleteMultipartUpload": (("s3:PutObject", "object", _always),),
    "AbortMultipartUpload": (("s3:AbortMultipartUpload", "object", _always),),
    "ListParts": (("s3:ListMultipartUploadParts", "object", _always),),
    "ListObjects": (("s3:ListBucket", "bucket", _always),),
    "ListObjectsV2": (("s3:ListBucket", "bucket", _always),),
    "HeadBucket": (("s3:ListBucket", "bucket", _always),),
    "ListObjectVersions": (("s3:ListBucketVersions", "bucket", _always),),
    "ListMultipartUploads": (("s3:ListBucketMultipartUploads", "bucket", _always),),
    "ListBuckets": (("s3:ListAllMyBuckets", "all", _always),),
    "CreateBucket": (("s3:CreateBucket", "bucket", _always), ("s3:PutBucketAcl", "bucket", _ACL)),
    "DeleteBucket": (("s3:DeleteBucket", "bucket", _always),),
    "GetBucketLocation": (("s3:GetBucketLocation", "bucket", _always),),
    "GetBucketPolicy": (("s3:GetBucketPolicy", "bucket", _always),),
    "PutBucketPolicy": (("s3:PutBucketPolicy", "bucket", _always),),
    "DeleteBucketPolicy": (("s3:DeleteBucketPolicy", "bucket", _always),),
    "GetBucketTagging": (("s3:GetBucketTagging", "bucket", _always),),
    "PutBucketTagging": (("s3:PutBucketTagging", "bucket", _always),),
    "DeleteBucketTagging": (("s3:PutBucketTagging", "bucket", _always),),
    "GetBucketVersioning": (("s3:GetBucketVersioning", "bucket", _always),),
    "PutBucketVersioning": (("s3:PutBucketVersioning", "bucket", _always),),
}

PARAMETERS: Final[Mapping[str, str]] = {
    # Condition key ← the parameter that it tells.
    "s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys", "s3:VersionId": "VersionId",
    "s3:x-amz-acl": "ACL", "s3:x-amz-copy-source": "CopySource", "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption", "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation", "s3:x-amz-grant-read": "GrantRead",
    "s3:x-amz-grant-write": "GrantWrite", "s3:x-amz-grant-read-acp": "GrantReadACP",
    "s3:x-amz-grant-write-acp": "GrantWriteACP", "s3:x-amz-grant-full-control": "GrantFullControl",
    "s3:object-lock-mode": "ObjectLockMode", "s3:object-lock-legal-hold": "ObjectLockLegalHoldStatus",
    "s3:if-match": "IfMatch", "s3:if-none-match": "IfNoneMatch", "s3:locationconstraint": "LocationConstraint",
}  # fmt: skip


def _needs(rows: tuple[Row, ...]) -> Needs:
    def needs(call: Call) -> list[Need]:
        check_asked(call)
        return [_need(call, action, on) for action, on, when in rows if when(call)]

    return needs


def _need(call: Call, action: str, on: str) -> Need:
    bucket = call.parameters.get("Bucket")
    if on == "all" or bucket is None:
        return Need(action=action, resource="*", keys=_keys(call))
    if on == "bucket":
        return _on(call, action, bucket)
    if on == "source":
        return _on(call, action, *_source(call))
    return _on(call, action, bucket, call.parameters["Key"], call.parameters.get("VersionId"))


def _on(
    call: Call,
    action: str,
    bucket: str,
    key: str | None = None,
    version: str | None = None,
    *,
    item: int | None = None,
) -> Need:
    who = call.principal
    keys = _keys(call)
    resource = f"arn:{who.partition}:s3:::{bucket}"
    if key is not None:
        resource = f"{resource}/{key}"
        for name, value in _tags(call, bucket, key, version).items():
            keys[f"s3:ExistingObjectTag/{name}"] = value
    return Need(
        action=action, resource=resource, keys=keys, item=item,
        policy=state.bucket_policy(bucket, who.account, who.partition),
    )  # fmt: skip


def _keys(call: Call) -> dict[str, str | tuple[str, ...]]:
    told = {key: str(call.parameters[name]) for key, name in PARAMETERS.items() if name in call.parameters}
    keys: dict[str, str | tuple[str, ...]] = {
        **told, "s3:signatureversion": "AWS4-HMAC-SHA256", "s3:ResourceAccount": call.principal.account
    }  # fmt: skip
    if "CopySource" in call.parameters:
        keys["s3:x-amz-copy-source"] = unquote(call.parameters["CopySource"])
    if tags := _asked_tags(call):
        keys["s3:RequestObjectTagKeys"] = tuple(tags)
        keys |= {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    return keys


def _asked_tags(call: Call) -> dict[str, str]:
    tagging = call.parameters.get("Tagging")
    if isinstance(tagging, str):
        return dict(parse_qsl(tagging, keep_blank_values=True))
    return dict(state.tags_of(tagging.get("TagSet", ()))) if tagging and "Key" in call.parameters else {}


def _tags(call: Call, bucket: str, key: str, version: str | None) -> Mapping[str, str]:
    """Tags of an object that is there."""
    found = thing(call, bucket, key, version)
    if found is None:
        return {}
    backend = state.of("s3", call.principal.account, call.principal.partition)
    return state.tags_of(backend.get_object_tagging(found)["Tags"])


def _source(call: Call) -> tuple[str, str, str | None]:
    """Bucket, key and version of what is copied."""
    return copy_source(call.parameters["CopySource"])


def _needs_of_batch(call: Call) -> list[Need]:
    check_asked(call)
    needs = []
    for number, item in enumerate(call.parameters["Delete"]["Objects"]):
        version = item.get("VersionId")
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        needs.append(_on(call, action, call.parameters["Bucket"], item["Key"], version, item=number))
        if "BypassGovernanceRetention" in call.parameters:
            needs.append(_on(call, _BYPASS[0], call.parameters["Bucket"], item["Key"], version, item=number))
    return needs


def hidden_by(call: Call) -> Need | None:
    """What a caller must be allowed to hear that an object is not there; else S3 says that they may not read it."""
    if call.asked.operation not in READING:
        return None
    return _on(call, "s3:ListBucket", call.parameters["Bucket"])


SERVICE = Service(
    operations={**{name: _needs(rows) for name, rows in ROWS.items()}, "DeleteObjects": _needs_of_batch},
    keys=frozenset(
        {
            *(key.lower() for key in PARAMETERS),
            *("s3:existingobjecttag/", "s3:requestobjecttag/", "s3:requestobjecttagkeys"),
            *("s3:signatureversion", "s3:resourceaccount"),
        }
    ),
    normal=normal,
    check=check,
    hidden_by=hidden_by,
)
