"""The monitor: at the end of each scenario what was recorded of it is held against the invariants of the protocol.

Only what a device under test sent is judged (docs/decisions/0006-the-tap-tells-what-was-sent.md): what the link, the
bench or the counterpart did is told to the rules, which leave alone what that may explain.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.evidence.documents import Event, Json, Kind
from hil.evidence.limits import Finding, Limit, Measurement
from hil.evidence.observations import Counted, Source
from hil.judge.codes import Mode
from hil.judge.frames import FrameFault, FrameFlaw, FrameReader
from hil.judge.invariants.history import Frame, History, Memory, Reading
from hil.judge.invariants.monitor import judge
from hil.judge.invariants.rules import Breach
from hil.judge.messages import Offer
from hil.links.faults import FaultKind
from hil.rig.config.rig_file import CABLE_UNDER_TEST
from hil.rig.recorder import LINK
from hil.rig.sampling.energy import reading_of
from hil.scenario.plan import SUPPLY
from hil.scenario.setups.common import account_seed
from hil.scenario.stimuli.bench import SELF_TEST
from hil.scenario.stimuli.mains_plug_and_load import MAINS, PLUG
from hil.units import Second, WattHour

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hil.scenario.observer import Observer

SENDERS = {"to socket": "cable", "to cable": "socket"}

TAMPERED = {FaultKind.ALTER.value, FaultKind.INVENT.value}
"""Faults of the link after which one side may have heard what the other did not say."""

HELD = {kind.value for kind in (FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY, FaultKind.FRAGMENT)}
"""Faults of the link after which a message may arrive later than it was sent."""


@dataclass(frozen=True)
class Held:
    """What became of the invariants of a scenario.

    :param judged: how many frames of the devices under test were judged.
    :param broken: the first breach of each rule by each device.
    """

    judged: int
    broken: Sequence[Breach]

    def document(self) -> Mapping[str, Json]:
        """Return what the STOP event says of it."""
        return {"judged": self.judged, "broken": [breach.rule.id for breach in self.broken]}


def hold(observer: Observer, memory: Memory) -> Held:
    """Hold what was recorded against the invariants.

    :param memory: what the same devices said in earlier scenarios of the run.
    """
    history = history_of(observer, memory)
    return Held(sum(frame.sender in history.under_test for frame in history.frames), judge(history))


def finding_of(breach: Breach) -> Finding:
    """Return a broken invariant as a finding of the evidence."""
    name = f"invariant {breach.rule.id} (SPEC, {breach.rule.chapter}) is broken by the {breach.side}"
    sources = (Source.LINE, Source.LAB_METER) if breach.frame is None else (Source.LINE,)
    return Measurement(name, Limit("count", high=0), Counted, sources).find(Counted(1), detail=str(breach))


def history_of(observer: Observer, memory: Memory) -> History:
    """Return what was recorded, as the rules read it."""
    rig, events = observer.rig, observer.recorder.events
    devices, virtual = observer.devices_under_test(), rig.bench is not None
    faults = [event for event in events if event.kind is Kind.FAULT]
    switched = _switched(events, observer.plan.setup)
    readings, uncertainty_wh = _readings(observer, events)
    return History(
        frames=[_frame(event) for event in events if event.kind is Kind.FRAME],
        under_test=devices,
        coins=observer.given(),
        sold=_sold(observer) if virtual else {},
        whole=virtual,
        switched=switched,
        cut=_cut(events),
        disturbed=[t for times in switched.values() for t in times]
        + [event.t for event in faults if event.source == SELF_TEST],
        held_at=_first(event for event in faults if event.source == LINK and event.data.get("fault") in HELD),
        struck_at=_first(event for event in faults if event.source == LINK),
        tampered_at=_first(event for event in faults if event.source == LINK and _tampers(event)),
        faulty_at=_first(event for event in faults if event.source == SELF_TEST),
        readings=readings,
        off_w=observer.off_w,
        uncertainty_wh=lambda _: uncertainty_wh,
        consoles={device: _console(events, f"{device}-console") for device in devices},
        accounts={device: account_seed(observer.seed, device) for device in devices} if virtual else {},
        memory=Memory() if virtual else memory,
    )


def _sold(observer: Observer) -> dict[str, int]:
    """Return what the socket under test was set to sell, as far as rig file and scenario say."""
    facts = observer.rig.file.options.devices.socket
    named = {**(facts.profile if facts is not None else {}), **observer.plan.terms}
    fields = {each.name for each in dataclasses.fields(Offer)} - {"payee_script"}
    sold = {name: int(value) for name, value in named.items() if name in fields and isinstance(value, int)}
    mode = next((mode for mode in Mode if mode.label == observer.plan.mode), None)
    return sold if mode is None else {**sold, "mode": int(mode)}


def _frame(event: Event) -> Frame:
    raw = bytes.fromhex(str(event.data["bytes"]))
    found = FrameReader().feed(raw)
    item = found[0][0] if found else FrameFlaw(FrameFault.EMPTY, str(event.data.get("error", "")))
    early, late = event.t - event.before, event.t + event.after
    lost = bool(event.data.get("lost", False))
    return Frame(event.t, early, late, SENDERS[str(event.data["direction"])], item, raw, lost)


def _switched(events: Sequence[Event], setup: str) -> dict[str, list[float]]:
    """Return when the supply of each side was switched, or the power that it may be fed from."""
    common = {"K2"} if setup == CABLE_UNDER_TEST else {"K1", "K2"}  # there K1 is the contact of the bench's socket
    found: dict[str, list[float]] = {device: [] for device in SUPPLY}
    for event in events:
        if event.kind is not Kind.RELAY and (event.kind is not Kind.FAULT or event.source not in (MAINS, PLUG)):
            continue
        for device, relay in SUPPLY.items():
            if event.kind is Kind.FAULT or event.source in {relay, *common}:
                found[device] += [event.t - event.before, event.t]
    return found


def _cut(events: Sequence[Event]) -> dict[str, list[tuple[float, float]]]:
    """Return from when until when the supply of each side itself was off, after it had been on."""
    found: dict[str, list[tuple[float, float]]] = {}
    for device, relay in SUPPLY.items():
        gaps, was_on = found.setdefault(device, []), False
        for event in events:
            if event.kind is not Kind.RELAY or event.source != relay:
                continue
            is_on = bool(event.data["closed"])
            if was_on and not is_on:
                gaps.append((event.t, math.inf))
            elif is_on and not was_on and gaps:
                gaps[-1] = gaps[-1][0], event.t + event.after
            was_on = is_on
    return found


def _tampers(event: Event) -> bool:
    """Tell whether somebody on the line said something, or changed what was said; noise and gaps are neither."""
    if "fault" in event.data:
        return event.data["fault"] in TAMPERED
    return not str(event.data["what"]).startswith("link ")


def _first(events: Iterable[Event]) -> float:
    return min((event.t - event.before for event in events), default=math.inf)


def _readings(observer: Observer, events: Sequence[Event]) -> tuple[list[Reading], float]:
    """Return the lab meter's readings, and what its energy at the end is uncertain by, in Wh."""
    found: list[Reading] = []
    apparent, before = 0.0, 0.0
    for event in events:
        if event.kind is not Kind.READING or event.source != "meter" or "energy_Wh" not in event.data:
            continue
        reading, t = reading_of(event), event.t
        apparent += reading.voltage * reading.current * (t - before) / 3600
        before = t
        found.append(Reading(t - event.before, t + event.after, reading.power, reading.energy, reading.voltage))
    if not found:
        return [], 0.0
    budget = observer.rig.meter.energy_budget(WattHour(found[-1].energy_wh), Second(before), apparent)
    return found, float(budget.expanded)


def _console(events: Sequence[Event], source: str) -> str:
    return "\n".join(
        str(event.data["text"]) for event in events if event.kind is Kind.CONSOLE and event.source == source
    )
