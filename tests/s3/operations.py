"""What a caller may try on a place in the bucket: one row an operation, with the requests that IAM would judge."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from botocore.exceptions import ClientError

from authorizer.engine.evaluate.evaluate import AccessRequest
from tests.s3.population import Target

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

BUCKET = "isolation"
OBJECT = "object"
"""In every place there is one object of this name, whose body is its key."""
UPLOAD = "upload"
"""In every place there is one unfinished multipart upload to a key of this name."""
FORBIDDEN = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One caller at one place."""

    s3: "S3Client"
    http: aiohttp.ClientSession
    owner: "S3Client"
    """The bucket's owner, who prepares what an operation needs."""
    own: str
    """The caller's own prefix, ending in `/`."""
    prefix: str
    """The place that is tried."""
    uploads: Mapping[str, str]
    """Prefix → id of the unfinished upload there."""

    @property
    def key(self) -> str:
        return self.prefix + OBJECT


class RefusedByServerError(Exception):
    """The server answered 403."""


class NotTheirsError(AssertionError):
    """The server answered with something else than what was asked for."""


async def get(attempt: Attempt) -> None:
    reply = await attempt.s3.get_object(Bucket=BUCKET, Key=attempt.key)
    _same(await reply["Body"].read(), attempt.key)


async def head(attempt: Attempt) -> None:
    await attempt.s3.head_object(Bucket=BUCKET, Key=attempt.key)


async def put(attempt: Attempt) -> None:
    await attempt.s3.put_object(Bucket=BUCKET, Key=f"{attempt.prefix}put", Body=b"put")


async def delete(attempt: Attempt) -> None:
    await attempt.s3.delete_object(Bucket=BUCKET, Key=f"{attempt.prefix}doomed")


async def list_place(attempt: Attempt) -> None:
    reply = await attempt.s3.list_objects_v2(Bucket=BUCKET, Prefix=attempt.prefix)
    keys = [entry["Key"] for entry in reply.get("Contents", ())]
    if attempt.key not in keys or any(not key.startswith(attempt.prefix) for key in keys):
        raise NotTheirsError(f"the list of {attempt.prefix!r} holds {keys}")


async def list_beginning(attempt: Attempt) -> None:
    """The place's name without its closing `/`: `tenants/t1` would show `tenants/t10/` too."""
    await attempt.s3.list_objects_v2(Bucket=BUCKET, Prefix=attempt.prefix[:-1])


async def list_everything(attempt: Attempt) -> None:
    await attempt.s3.list_objects_v2(Bucket=BUCKET)


async def multipart(attempt: Attempt) -> None:
    where: dict[str, Any] = {"Bucket": BUCKET, "Key": f"{attempt.prefix}multipart"}
    upload = (await attempt.s3.create_multipart_upload(**where))["UploadId"]
    part = await attempt.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"part")
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    await attempt.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)


async def list_parts(attempt: Attempt) -> None:
    await attempt.s3.list_parts(
        Bucket=BUCKET, Key=attempt.prefix + UPLOAD, UploadId=attempt.uploads[attempt.prefix]
    )


async def abort_upload(attempt: Attempt) -> None:
    where: dict[str, Any] = {"Bucket": BUCKET, "Key": f"{attempt.prefix}aborted"}
    upload = (await attempt.owner.create_multipart_upload(**where))["UploadId"]
    await attempt.s3.abort_multipart_upload(**where, UploadId=upload)


async def copy_from(attempt: Attempt) -> None:
    source: Any = {"Bucket": BUCKET, "Key": attempt.key}
    await attempt.s3.copy_object(Bucket=BUCKET, Key=f"{attempt.own}copied", CopySource=source)


async def copy_to(attempt: Attempt) -> None:
    source: Any = {"Bucket": BUCKET, "Key": attempt.own + OBJECT}
    await attempt.s3.copy_object(Bucket=BUCKET, Key=f"{attempt.prefix}copied", CopySource=source)


async def delete_batch(attempt: Attempt) -> None:
    keys: Any = {"Objects": [{"Key": f"{attempt.prefix}doomed{n}"} for n in range(2)]}
    reply = await attempt.s3.delete_objects(Bucket=BUCKET, Delete=keys)
    errors = {error.get("Code") for error in reply.get("Errors", ())}
    if errors == {"AccessDenied"}:
        raise RefusedByServerError
    if errors:
        raise NotTheirsError(f"a batch of deletions came back with {errors}")


async def presigned_get(attempt: Attempt) -> None:
    where = {"Bucket": BUCKET, "Key": attempt.key}
    url = await attempt.s3.generate_presigned_url("get_object", Params=where)
    async with attempt.http.get(url) as reply:
        if reply.status == FORBIDDEN:
            raise RefusedByServerError
        reply.raise_for_status()
        _same(await reply.read(), attempt.key)


async def presigned_put(attempt: Attempt) -> None:
    where = {"Bucket": BUCKET, "Key": f"{attempt.prefix}presigned"}
    url = await attempt.s3.generate_presigned_url("put_object", Params=where)
    async with attempt.http.put(url, data=b"presigned") as reply:
        if reply.status == FORBIDDEN:
            raise RefusedByServerError
        reply.raise_for_status()


def _same(body: bytes, key: str) -> None:
    if body != key.encode():
        raise NotTheirsError(f"the object {key!r} holds {body!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the matrix."""

    name: str
    run: Callable[[Attempt], Awaitable[None]]
    requests: tuple[tuple[str, str], ...]
    """What IAM judges, all of which must be allowed: action, and the key's pattern with `{own}` and `{prefix}`.
    An action on the bucket has the text of `s3:prefix` in place of a key, or `-` where there is none."""
    deviation: str | None = None
    """Why this server refuses what IAM would allow."""

    def asks(self, own: str, target: Target) -> tuple[AccessRequest, ...]:
        return tuple(_request(action, what, own, target.prefix) for action, what in self.requests)


def _request(action: str, what: str, own: str, prefix: str) -> AccessRequest:
    text = what.format(own=own, prefix=prefix, beginning=prefix[:-1])
    if action != "s3:ListBucket":
        return AccessRequest(action=action, resource=f"arn:aws:s3:::{BUCKET}/{text}")
    context = {} if text == "-" else {"s3:prefix": text}
    return AccessRequest(action=action, resource=f"arn:aws:s3:::{BUCKET}", context=context)


OPERATIONS = (
    Operation(name="get", run=get, requests=(("s3:GetObject", "{prefix}object"),)),
    Operation(name="head", run=head, requests=(("s3:GetObject", "{prefix}object"),)),
    Operation(name="presigned get", run=presigned_get, requests=(("s3:GetObject", "{prefix}object"),)),
    Operation(name="put", run=put, requests=(("s3:PutObject", "{prefix}put"),)),
    Operation(name="presigned put", run=presigned_put, requests=(("s3:PutObject", "{prefix}presigned"),)),
    Operation(name="multipart upload", run=multipart, requests=(("s3:PutObject", "{prefix}multipart"),)),
    Operation(
        name="list parts", run=list_parts, requests=(("s3:ListMultipartUploadParts", "{prefix}upload"),)
    ),
    Operation(
        name="abort upload", run=abort_upload, requests=(("s3:AbortMultipartUpload", "{prefix}aborted"),)
    ),
    Operation(
        name="copy from",
        run=copy_from,
        requests=(("s3:GetObject", "{prefix}object"), ("s3:PutObject", "{own}copied")),
    ),
    Operation(
        name="copy to",
        run=copy_to,
        requests=(("s3:GetObject", "{own}object"), ("s3:PutObject", "{prefix}copied")),
    ),
    Operation(name="delete", run=delete, requests=(("s3:DeleteObject", "{prefix}doomed"),)),
    Operation(
        name="delete batch",
        run=delete_batch,
        requests=(("s3:DeleteObject", "{prefix}doomed0"), ("s3:DeleteObject", "{prefix}doomed1")),
        deviation="Ceph 16.2 refuses every batch deletion of a session that a session policy narrows",
    ),
    Operation(name="list", run=list_place, requests=(("s3:ListBucket", "{prefix}"),)),
    Operation(name="list without /", run=list_beginning, requests=(("s3:ListBucket", "{beginning}"),)),
    Operation(name="list everything", run=list_everything, requests=(("s3:ListBucket", "-"),)),
)


async def attempt_outcome(operation: Operation, attempt: Attempt) -> str:
    """`allowed`, `refused`, or what else went wrong."""
    try:
        await operation.run(attempt)
    except RefusedByServerError:
        return "refused"
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return "refused" if status == FORBIDDEN else f"HTTP status {status}"
    except (NotTheirsError, aiohttp.ClientError) as error:
        return f"{type(error).__name__}: {error}"
    return "allowed"
