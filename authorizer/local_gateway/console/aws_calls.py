"""Panel 8: what the backend asked AWS for with these credentials, each with the door's verdict and its reason."""

from typing import Any

from authorizer.local_gateway.console.shown import Shown


def aws_calls(shown: Shown) -> list[dict[str, Any]]:
    return [
        {
            "time": call.time,
            "who": call.who,
            "service": call.service,
            "operation": call.operation,
            "status": call.status,
            "refused": call.refused,
            "needs": [
                {"action": action, "resource": resource, "allowed": allowed}
                for action, resource, allowed in call.actions
            ],
            "why": list(call.why),
        }
        for call in shown.served.calls
    ]
