"""Where a scenario stands, for a person at the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.documents import Kind
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.scenario.observer import Observer
    from hil.scenario.scenario import ScenarioRun

RELAYS = {"K1": "mains", "K2": "plug", "K3": "supply of the socket", "K4": "supply of the cable"}


def status(scenario: ScenarioRun) -> list[str]:
    """Return lines about time, relays, meter, messages and ledger.

    Relays and meter as last recorded: asking would put into the evidence what no step asked for. The ledger is asked.
    """
    observer = scenario.observer
    watch, now = observer.watch, scenario.clock.now()
    relays = {
        event.source: bool(event.data["closed"]) for event in scenario.recorder.events if event.kind is Kind.RELAY
    }
    lines = [
        f"time     {now:.3f} s by the {scenario.clock.name} clock; {scenario.plan.setup or 'no device under test yet'}"
    ]
    lines += [f"{name:<8} {'closed' if relays.get(name) else 'open'} ({purpose})" for name, purpose in RELAYS.items()]
    lines.append(
        f"meter    {format_quantity(watch.power_w, 'W')}, {format_quantity(watch.voltage_v, 'V')}, "
        f"{format_quantity(watch.energy_wh, 'Wh')}"
        if observer.powered_on
        else "meter    not read yet: the devices are not switched on"
    )
    credited = format_quantity(observer.credited_wh(), "Wh")
    lines.append(f"paid     {observer.accepted_payments()} payments accepted, {credited} credited")
    return lines + _ledger(observer)


def _ledger(observer: Observer) -> list[str]:
    try:
        found = observer.payments_on_ledger()
    except RigFault as error:
        return [f"ledger   {error}"]
    if not found:
        return ["ledger   no transaction spends the cable's coins"]
    return [
        f"ledger   {each.txid[:16]}… fee {format_quantity(each.fee, 'sat')}, {each.confirmations} confirmations"
        for each in found
    ]
