"""Rows of the abuse catalogue that never were, and scenarios in which the counterpart carries them out."""

from __future__ import annotations

from typing import Any

from hil.evidence.documents import Verdict
from hil.links.abuses.catalogue import AbuseRow
from hil.scenario.abuse_plan import AbusePlan
from hil.scenario.measurements import abuse
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()

REFUSE = AbuseRow(
    id="pay-less", who="cable", how="", trick="pay-less", codes=("UNDERPAID",), within_s=0.5, loses_mwh=100, source="-"
)


def row(**changes: Any) -> AbuseRow:
    """Return that row with changes."""
    return REFUSE.model_copy(update=changes)


CABLES = row(who="socket", loses_mwh=None, loses_sat=10_000)


def plan(made: AbuseRow) -> AbusePlan:
    """Return the plan to carry a row out from the payment on that it names."""
    return AbusePlan("", None, row=made)


def cheated(made: AbuseRow, truth: Truth | None = None, **options: Any) -> Scene:
    """Return a scenario in which the counterpart cheats at 5 s, with its second payment."""
    scene = Scene(truth, metered=truth is not None, **options)
    scene.observer.plan.abuse = plan(made)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.4, S.payment(1))
    scene.from_socket(0.9, S.receipt(1))
    scene.strike(5.0, S.forged(2))
    return scene


def verdicts(scene: Scene, made: AbuseRow, device: str = "socket") -> list[Verdict]:
    """Take what the catalogue demands of the answer, in order."""
    return [each.take(scene.observer).verdict for each in abuse.answer(plan(made), device)]


def seconds_on_the_line(scene: Scene, t: float) -> float:
    """Return how long the messages to the socket with the stamp ``t`` take at 115 200 baud."""
    sent = [each.event for each in scene.recorder.frames if each.t == t and each.direction == "to socket"]
    return sum(len(str(event.data["bytes"])) / 2 for event in sent) * 10 / 115_200
