"""Records in, findings out: the streaming checker. Sans-I/O."""

from wirecheck.check.checker import Checker

__all__ = ["Checker"]
