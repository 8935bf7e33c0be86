"""By how much the program of a device has grown while it was watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.limits import Limit
from hil.evidence.observations import EvidenceMissing, Sampled, Source
from hil.scenario.check import Check, sampled
from hil.scenario.stimuli.program import LOOK_EVERY_S, source
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.scenario.observer import Observer

QUANTITIES = {"memory": "memory_MiB", "descriptors": "descriptors_count", "threads": "threads_count"}

FEWEST = 9
"""Looks at a program that tell of growth: three in each third of the time."""


def grew(device: str, what: str, most: float) -> Check:
    """Return the check that ``what`` of a device's program grew by no more than this.

    :param what: a key of :data:`QUANTITIES`; memory counts in MiB.
    """
    unit = QUANTITIES[what].rpartition("_")[2]
    name = f"growth of the {device}'s program in {what}"
    return sampled(name, Limit(unit, high=float(most)), lambda observer: growth(observer, device, what), Source.BENCH)


def growth(observer: Observer, device: str, what: str) -> Sampled:
    """Return the least in the last third of the looks, less the least in the first third.

    Raises AuthorError if it was not watched, EvidenceMissing if there are fewer than nine looks, or if the program was
    started anew meanwhile.
    """
    events = observer.recorder.events
    looks = [event for event in events if event.kind is Kind.READING and event.source == source(device)]
    if not looks:
        raise AuthorError(
            f"the program of the {device} was not watched",
            remedy=f"When the program of the {device} is watched from now on",
        )
    if len({_pid(look) for look in looks}) > 1:
        raise EvidenceMissing(f"the program of the {device} was started anew while it was watched")
    if len(looks) < FEWEST:
        least = format_quantity((FEWEST - 1) * LOOK_EVERY_S, "s")
        raise EvidenceMissing(f"the program of the {device} was looked at {len(looks)} times; growth shows in {least}")
    third = len(looks) // 3
    values = [float(look.data[QUANTITIES[what]]) for look in looks]  # type: ignore[arg-type]  # written as numbers
    grown = round(min(values[-third:]) - min(values[:third]), 3)
    return Sampled(grown, grown, (looks[0].t, looks[-1].t))


def _pid(look: Event) -> object:
    return None if look.host is None else look.host.get("pid")
