"""One of several environments: a process with vendors and an event loop of its own, run by test_dynamodb.py.

A line of standard input is `{"endpoint": …, "table": …, "region": …, "principals": […]}`: a new vendor vends to all of
them at once. A line of standard output tells access keys by principal, and what the vendor counted.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict
from typing import Any

from authorizer.model import Shape
from authorizer.settings.schema import Sealing, SharedCache
from authorizer.vending import shared
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.vending.conftest import SESSION
from tests.vending.factories import jwk_set, make_identity, make_policy, make_settings

shared.PATIENCE = shared.FIRST_PATIENCE = 3.0  # a busy machine is no fault of the table's


async def work(endpoint: str, table: str, region: str, principals: list[str]) -> dict[str, Any]:
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
    settings = make_settings(
        private_sealing=Sealing(source="environment", keys=jwk_set(), private=True),
        shared_cache=SharedCache(table=table, region=region),
    )
    vendor = Vendor(settings, session=SESSION)
    await vendor.sealers.warm(time.time())
    await vendor.warm()
    vended = await asyncio.gather(*(vend(vendor, principal) for principal in principals))
    await vendor.close()
    return {"vended": dict(zip(principals, vended, strict=True)), "counts": asdict(vendor.counts)}


async def vend(vendor: Vendor, principal: str) -> str:
    identity = make_identity(principal=principal)
    credentials = await vendor.vend(
        identity, make_policy(), Shape.REST_REQUEST, time.time(), Deadline.after(60)
    )
    assert credentials.session_name == principal
    return credentials.access_key_id


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asyncio.run(work(**json.loads(line)))), flush=True)
