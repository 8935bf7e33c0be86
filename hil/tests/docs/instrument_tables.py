"""The tables of commands of the virtual instruments, for their pages in docs/reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from hil.tests.docs.command_rows import CommandTable, Row, tables
from hil.tests.docs.markdown import table


def regions() -> dict[str, Callable[[], str]]:
    """Return the generator of each region: ``commands of <dialect>``."""
    return {f"commands of {dialect}": partial(commands, found) for dialect, found in tables().items()}


def commands(found: CommandTable) -> str:
    """Return sources, counts and rows of one dialect."""
    counts = Counter(row.status for row in found.commands)
    told = ", ".join(f"{counts[status]} {status}" for status in ("supported", "refused", "missing"))
    sources = "\n".join(f"- *{key}*: {text}" for key, text in found.sources.items())
    rows = [(f"`{row.command}`", row.page, _status(row), row.note or "—") for row in found.commands]
    return f"{len(rows)} commands: {told}.\n\n{sources}\n\n{table(('command', 'page or source', 'here', 'note'), rows)}"


def _status(row: Row) -> str:
    return f"refused ({row.error})" if row.status == "refused" else row.status
