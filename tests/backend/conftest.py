"""The fake STS of the vending tests, for backends that vend themselves."""

from tests.vending.conftest import sts

__all__ = ["sts"]
