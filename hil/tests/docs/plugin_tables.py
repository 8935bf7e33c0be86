"""The groups of plug-ins, from the table that the framework reads."""

from __future__ import annotations

from hil.plugins.groups import GROUPS
from hil.tests.docs.markdown import table


def groups() -> str:
    """Return each group with what its plug-ins are, how they are called, and what the framework has in it."""
    rows = [
        (
            f"`{group.name}`",
            f"`{group.key}`",
            group.holds,
            group.contract,
            ", ".join(f"`{name}`" for name in group.needs) or "—",
            ", ".join(f"`{name}`" for name in group.shipped) or "—",
        )
        for group in GROUPS.values()
    ]
    return table(("entry points", "key of the table", "holds", "is", "must have", "of the framework"), rows)
