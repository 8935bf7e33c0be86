"""One check, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from hil.errors import HilError

Wait: TypeAlias = Callable[[float], None]
"""Lets this many seconds of the bench's time pass."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check: ``difference`` says what was expected and what was found, empty if they agree."""

    check: str
    difference: str = ""

    @property
    def conforms(self) -> bool:
        return not self.difference

    def __str__(self) -> str:
        return f"differs: {self.check}: {self.difference}" if self.difference else f"conforms: {self.check}"


class Difference(Exception):
    """A check found something else than it expected."""


def expect(condition: bool, what: str) -> None:
    """Raise Difference with ``what`` unless the condition holds."""
    if not condition:
        raise Difference(what)


def finding(name: str, check: Callable[[], None]) -> Finding:
    """Carry out one check; whatever the part does against it is its finding."""
    try:
        check()
    except Difference as difference:
        return Finding(name, str(difference))
    except HilError as error:
        return Finding(name, f"{type(error).__name__}: {error}")
    return Finding(name)
