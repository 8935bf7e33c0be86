"""Evidence in which each text that a person or a device can write means harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil.evidence.documents import Event, Kind
from hil.evidence.store import RunWriter
from hil.report.text_format import LONGEST_TEXT

SCRIPT = "</script><img src=x onerror=alert(1)><!--\"'`${alert(1)}{{7*7}}]]>&lt;"
UNSEEN = "\x00\x07\x1b\x7f\x9b\u202e\u2066\u200b\ufeff\U000e0041\U000e007f\ufe0f\u3164"
HOSTILE = SCRIPT + UNSEEN
MEGABYTE = "y" * 1_000_000

KEPT = {"kind", "verdict", "outcome", "event", "change", "clock", "unit", "rule", "finished", "state", "until"}
"""What the bench alone writes, and a report takes only if it knows the word."""


def poisoned(value: Any, text: str, key: str = "") -> Any:
    """Return a document in which each text that is not one of our own words is followed by ``text``."""
    if isinstance(value, str):
        return value if key in KEPT else value + text
    if isinstance(value, Mapping):
        return {name: poisoned(each, text, name) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [poisoned(each, text, key) for each in value]
    return value


class PoisoningWriter:
    """Writes events as they are, but each text in them is followed by one that means harm."""

    def __init__(self, run: RunWriter, text: str) -> None:
        self._run, self._text = run, text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def scenario(self, number: int, name: str) -> Any:
        writer = self._run.scenario(number, name)
        write = writer.write

        def poison(event: Event) -> None:
            if event.kind is Kind.READING and len(self._text) > LONGEST_TEXT:
                return write(event)  # there are hundreds of them
            data = poisoned(event.data, self._text)
            host = poisoned(event.host, self._text) if event.host else None
            if event.kind is Kind.FRAME:
                data["message"] = event.data["message"]
            return write(event._replace(data=data, source=event.source + self._text, host=host))

        writer.write = poison  # type: ignore[method-assign]  # this scenario's events alone
        return writer
