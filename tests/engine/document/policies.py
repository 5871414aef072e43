"""Policy documents as text, for tests of whoever reads them."""

import json


def policy(**changes: object) -> str:
    """A session policy in order, but for the named elements of its one statement; None leaves one out."""
    return policies(changes)


def policies(*changed: dict[str, object], **members: object) -> str:
    """The same with several statements, and elements beside them."""
    usual = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/home/*"}
    statements = [
        {name: value for name, value in {**usual, **changes}.items() if value is not None}
        for changes in changed
    ]
    document = {"Version": "2012-10-17", "Statement": statements, **members}
    return json.dumps({name: value for name, value in document.items() if value is not None})
