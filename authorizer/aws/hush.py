"""Quiet AWS libraries: at DEBUG they print requests with their tokens and replies with their keys."""

import logging

LOUD = ("aioboto3", "aiobotocore", "boto3", "botocore")


class Hushed(logging.Logger):
    """A logger that says what it would say anyhow, less all below INFO, whoever asks for that and whenever.

    Its loggers further down inherit this, as levels are inherited.
    """

    @property  # type: ignore[explicit-override]  # `typing.override` came with 3.12
    def level(self) -> int:
        own: int = self.__dict__["level"]
        return max(logging.INFO, own or (self.parent.getEffectiveLevel() if self.parent else own))

    @level.setter
    def level(self, level: int) -> None:
        self.__dict__["level"] = level


def hush() -> None:
    """Keep DEBUG off, and leave every other level to whoever configures logging: a level set here once would be louder
    than a quieter root, and gone with the next configuration."""
    for name in LOUD:
        logger = logging.getLogger(name)
        if not isinstance(logger, Hushed):
            own = logger.level
            logger.__class__ = Hushed
            logger.setLevel(own)  # what loggers remember of the old level is forgotten
