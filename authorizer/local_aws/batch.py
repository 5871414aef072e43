"""DeleteObjects: the one operation that is answered item by item, 200 with an error for each that is denied."""

from collections.abc import Callable, Sequence
from xml.etree import ElementTree as ET

from authorizer.local_aws.judging import Verdict, sentence
from authorizer.local_aws.needs import Call
from authorizer.local_aws.rewriting import Canonical, canonical
from authorizer.local_aws.wire import Answer

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def partly(
    call: Call, verdicts: Sequence[Verdict], ask: Callable[[Call, Canonical], Answer]
) -> Answer | None:
    """The answer to a batch of which some is denied; None where all is allowed, or where it is no batch.

    moto gets the items that are allowed; what it says of them and what IAM says of the others is one answer.
    """
    denied = {each.need.item: each for each in verdicts if not each.allowed and each.need.item is not None}
    if not denied:
        return None
    items = call.parameters["Delete"]["Objects"]
    left = [item for number, item in enumerate(items) if number not in denied]
    root = ET.Element(f"{{{_NAMESPACE}}}DeleteResult")
    if left:
        parameters = {**call.parameters, "Delete": {**call.parameters["Delete"], "Objects": left}}
        made = ask(call, canonical(call.asked.model, call.asked.protocol, parameters))
        if made.status != 200:
            return made
        root = ET.fromstring(made.body)  # noqa: S314 - moto's own
    for number, verdict in denied.items():
        error = ET.SubElement(root, f"{{{_NAMESPACE}}}Error")
        told = {**items[number or 0], "Code": "AccessDenied", "Message": sentence(verdict, call.principal)}
        for name in ("Key", "VersionId", "Code", "Message"):
            if name in told:
                ET.SubElement(error, f"{{{_NAMESPACE}}}{name}").text = told[name]
    body = ET.tostring(root, "utf-8", xml_declaration=True)
    return Answer(status=200, headers=(("Content-Type", "application/xml"),), body=body)
