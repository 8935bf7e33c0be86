"""Where a scenario stands, for a person at the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import RigFault
from hil.evidence.documents import Kind
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.scenario.scenario import Trial

RELAYS = {"K1": "mains", "K2": "plug", "K3": "supply of the socket", "K4": "supply of the cable"}


def status(trial: Trial) -> list[str]:
    """Return lines about time, relays, meter, messages and ledger.

    Relays and meter as last recorded: asking would put into the evidence what no step asked for. The ledger is asked.
    """
    watch, now = trial.watch, trial.clock.now()
    relays = {event.source: bool(event.data["closed"]) for event in trial.recorder.events if event.kind is Kind.RELAY}
    lines = [f"time     {now:.3f} s by the {trial.clock.name} clock; {trial.plan.setup or 'no device under test yet'}"]
    lines += [f"{name:<8} {'closed' if relays.get(name) else 'open'} ({purpose})" for name, purpose in RELAYS.items()]
    lines.append(
        f"meter    {format_quantity(watch.power_w, 'W')}, {format_quantity(watch.voltage_v, 'V')}, "
        f"{format_quantity(watch.energy_wh, 'Wh')}"
        if trial.powered_on
        else "meter    not read yet: the devices are not switched on"
    )
    lines.append(
        f"paid     {trial.accepted_payments()} payments accepted, {format_quantity(trial.credited_wh(), 'Wh')} credited"
    )
    return lines + _ledger(trial)


def _ledger(trial: Trial) -> list[str]:
    try:
        found = trial.payments_on_ledger()
    except RigFault as error:
        return [f"ledger   {error}"]
    if not found:
        return ["ledger   no transaction spends the cable's coins"]
    return [
        f"ledger   {each.txid[:16]}… fee {format_quantity(each.fee, 'sat')}, {each.confirmations} confirmations"
        for each in found
    ]
