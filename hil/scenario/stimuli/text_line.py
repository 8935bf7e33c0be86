"""Lines of text between the bench and a socket of another kind: what steps say to it, and what it said.

Both directions are evidence: CONSOLE events of the sources ``bench`` and ``socket-link``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.rig.config.rig_file import OTHER_SOCKET

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.observer import Observer
    from hil.scenario.scenario import ScenarioRun

SOURCE = "socket-link"
"""Of what the device said."""

BENCH = "bench"
"""Of what it was told."""


def say(scenario: ScenarioRun, text: str) -> None:
    """Send a line of text, ended by a line feed, to the socket under test.

    Raises AuthorError if the socket speaks the payment protocol, or is not switched on yet.
    """
    if scenario.plan.setup != OTHER_SOCKET:
        raise AuthorError(
            "the socket under test speaks the payment protocol, and the cable that the rig plays speaks to it",
            remedy="Begin with 'Given a socket of another kind is under test'.",
        )
    scenario.tap()  # refuses before the devices are switched on
    scenario.recorder.observe(Kind.CONSOLE, BENCH, {"text": text})
    scenario.rig.lines[SOURCE].write(text.encode() + b"\n")


def said(observer: Observer, begins: str = "", *, since: float = 0.0) -> list[Event]:
    """Return the lines that the socket said, oldest first.

    :param begins: only lines that begin with this text.
    :param since: only those after this second of the scenario.
    """
    return [each for each in _lines(observer, SOURCE, begins) if each.t > since]


def told(observer: Observer, begins: str = "") -> list[Event]:
    """Return the lines that the socket was told, oldest first; ``begins`` as above."""
    return _lines(observer, BENCH, begins)


def _lines(observer: Observer, source: str, begins: str) -> list[Event]:
    lines = [each for each in observer.recorder.events if each.kind is Kind.CONSOLE and each.source == source]
    return [each for each in lines if str(each.data["text"]).startswith(begins)]
