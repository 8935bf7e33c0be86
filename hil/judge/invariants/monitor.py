"""The monitor: holds what was recorded of a scenario against all invariants."""

from __future__ import annotations

from hil.judge.invariants import (
    accounts,
    answers,
    energy,
    identity,
    line,
    payments,
    refusals,
    repetition,
    secrets,
)
from hil.judge.invariants.ends import calling, endings, reasons
from hil.judge.invariants.history import History
from hil.judge.invariants.rules import RULES, Breach

PARTS = (line, endings, reasons, calling, identity, accounts, repetition, answers, refusals, payments, energy, secrets)


def judge(history: History) -> list[Breach]:
    """Return the first breach of each rule by each side under test, in the order of the rules."""
    found: dict[tuple[str, str], Breach] = {}
    for part in PARTS:
        for breach in part.breaches(history):
            found.setdefault((breach.rule.id, breach.side), breach)
    order = [rule.id for rule in RULES]
    return sorted(found.values(), key=lambda breach: order.index(breach.rule.id))
