"""Scenarios several times in one run (``--repeat 50``): each time one of its own, with keys and evidence of its own.

The first keeps its name, so that its evidence is that of a run without the option; the others are ``name#2``,
``name#3`` and so on. Such a name also selects that one alone, without the option: a failure is run again by it.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from typing import TYPE_CHECKING

from hil.bdd.language.naming import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.bdd.language.document import Document
    from hil.bdd.language.naming import Case

MOST = 10_000
_REPEATED = re.compile(r".+\.feature::.+#(?P<number>[1-9]\d{0,4})")


def times(text: str) -> int:
    """Return the value of ``--repeat``; argparse.ArgumentTypeError if it is no number of times."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of times: 1 to {MOST}")
    return int(text)


def repetition_in(argument: str) -> int:
    """Return which repetition a node id on the command line names; 1 if none."""
    found = _REPEATED.fullmatch(argument)
    return int(found["number"]) if found else 1


def repeated(document: Document, count: int) -> Iterator[Case]:
    """Return the cases of a feature file, each ``count`` times in a row."""
    for case in cases(document):
        yield case
        for number in range(2, count + 1):
            yield dataclasses.replace(
                case, label=f"{case.label}#{number}", title=f"{case.title} #{number}", repetition=number
            )


def labels_of(document: Document, label: str, count: int) -> list[str]:
    """Return the labels that ``label`` stands for; what is no single case (an outline's name) pytest finds itself."""
    known = {case.label for case in cases(document)}
    return [label, *(f"{label}#{number}" for number in range(2, count + 1) if label in known)]
