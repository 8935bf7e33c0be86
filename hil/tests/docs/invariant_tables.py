"""The invariants, from the judge's own table."""

from __future__ import annotations

from hil.judge.invariants.rules import RULES
from hil.tests.docs.markdown import table


def invariants() -> str:
    """Return all rules: id, side, demand, chapter of SPEC."""
    rows = [(f"`{rule.id}`", rule.side, rule.demand, rule.chapter) for rule in RULES]
    return table(("rule", "side", "demand", "chapter of SPEC"), rows)
