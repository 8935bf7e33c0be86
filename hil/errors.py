"""Every error that the framework raises on purpose, by whom it blames.

Each message says where (``place``: ``file:line:col`` or the name of an instrument), what was read, what is
allowed, and what to do next (``remedy``). The kind decides the verdict of the scenario and the exit code.
"""

from __future__ import annotations

import enum
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """What ``hil run`` and ``pytest`` return. 2, 3 and 5 keep pytest's own meaning."""

    PASS = 0
    """Every scenario passed."""
    DEVICE_FAILURE = 1
    """*Device failure*: the device under test broke a limit or the protocol. The maker of the device acts."""
    INTERRUPTED = 2
    """Interrupted (Ctrl-C, SIGTERM, SIGHUP); the bench was made safe first."""
    INTERNAL_ERROR = 3
    """*Framework error*: a mistake in our code, or in the code of your own step; the message names file, line and whom
    to ask. We act, or the author of the step."""
    AUTHOR_ERROR = 4
    """*Author error*: feature file, rig file or command line is wrong; nothing was switched. Its author acts."""
    NOTHING_RUN = 5
    """Nothing was selected to run."""
    INCONCLUSIVE = 6
    """*Inconclusive*: a limit cannot be decided with this rig's uncertainty. The laboratory acts."""
    RIG_FAULT = 7
    """*Rig fault*: instrument, relay, line or node failed; says nothing about the device. The laboratory acts."""
    EVIDENCE_ALTERED = 8
    """*Evidence altered*: files of a run folder are missing, changed or added since the run, or contradict each other;
    or the run was never finished. The laboratory acts."""


class HilError(Exception):
    """Root of all errors raised on purpose.

    :param what: one sentence without a full stop: what was found and what was expected.
    :param place: where it was found.
    :param remedy: what the reader does next.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL_ERROR

    def __init__(self, what: str, *, place: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}" if self.place else self.what
        return sentences(text, self.remedy or "")


class FrameworkError(HilError):
    """A mistake in code: in the framework, or in a step of the laboratory's own."""


class ConfigurationError(HilError):
    """A rig file, a profile, an option or the machine's set-up is wrong; nothing was switched."""

    exit_code = ExitCode.AUTHOR_ERROR


class AuthorError(HilError):
    """A feature file says something that the framework cannot understand or this rig cannot do."""

    exit_code = ExitCode.AUTHOR_ERROR


class RigFault(HilError):
    """Something of the bench failed: instrument, relay, line, node. Says nothing about the device under test."""

    exit_code = ExitCode.RIG_FAULT


class PeerViolation(HilError):
    """The device under test, or the peer on the line, broke the protocol or a limit."""

    exit_code = ExitCode.DEVICE_FAILURE


class DeviceFailed(HilError):
    """The program of a device ended, hung, or answered what no device may answer; the device is to blame.

    :param role: ``socket`` or ``cable``.
    """

    exit_code = ExitCode.DEVICE_FAILURE

    def __init__(self, role: str, what: str) -> None:
        super().__init__(what, place=role)
        self.role = role


class DeadlineExceeded(HilError):
    """The device under test did not do in time what was awaited.

    A wait for a part of the bench raises :class:`RigFault` instead: the caller knows whom it waits for.
    """

    exit_code = ExitCode.DEVICE_FAILURE


def together(errors: Iterable[HilError]) -> str:
    """Return the texts of several errors as one, without a full stop; what is true of several places is said once."""
    places: dict[tuple[str, str | None], list[str]] = {}
    for error in errors:
        places.setdefault((error.what, error.remedy), []).append(error.place or "")
    said = [
        HilError(what, place=", ".join(dict.fromkeys(filter(None, named))) or None, remedy=remedy)
        for (what, remedy), named in places.items()
    ]
    return "; ".join(str(each).removesuffix(".") for each in said)


def sentences(what: str, more: str) -> str:
    """Return ``what`` with another sentence behind it, if there is one; what ends with a mark keeps that alone."""
    if not more:
        return what
    return f"{what} {more}" if what.endswith((".", "?", "!", "…")) else f"{what}. {more}"


def nearest(read: str, known: Iterable[str]) -> str:
    """Return ``"; known: a, b. Did you mean 'b'?"`` for an error about a name that is not in a closed list."""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(read.casefold(), folded, n=1)
    hint = f". Did you mean '{folded[close[0]]}'?" if close else ""
    return f"; known: {', '.join(names)}{hint}"


def words(error: BaseException) -> str:
    """Return what an error says; its type if it says nothing, or if it raises another one when it is asked."""
    try:
        return str(error) or type(error).__name__
    except Exception as another:
        return f"{type(error).__name__}, whose words cannot be had: {type(another).__name__}"
