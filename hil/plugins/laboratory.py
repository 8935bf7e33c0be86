"""The plug-ins that a laboratory names in ``[tool.hil.plugins]``, handed on to every program that a run starts.

They stand in one environment variable, which child processes inherit: the virtual bench, the watchdog and the workers
of a run in parallel find the same plug-ins as the process that read the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass

VARIABLE = "HIL_PLUGINS"
"""JSON: a list of entries."""


@dataclass(frozen=True)
class Declared:
    """One entry of the table.

    :param group: key of the table, as ``meters``.
    :param reference: ``module:class``.
    :param place: ``pyproject.toml:line:column``.
    :param root: folder of the pyproject.toml, in which the module lies.
    """

    group: str
    name: str
    reference: str
    place: str
    root: str


def declare(entries: Iterable[Declared]) -> None:
    """Let these be the laboratory's plug-ins from now on, here and in programs that are started; none: no more."""
    listed = [asdict(entry) for entry in entries]
    if listed:
        os.environ[VARIABLE] = json.dumps(listed)
    else:
        os.environ.pop(VARIABLE, None)


def declared() -> list[Declared]:
    """Return the laboratory's plug-ins."""
    text = os.environ.get(VARIABLE)
    return [Declared(**entry) for entry in json.loads(text)] if text else []
