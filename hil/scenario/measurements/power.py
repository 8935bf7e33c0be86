"""What is measured of mains, plug and load: how soon power goes and comes, and that nothing is billed without it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.evidence.timing import EvidenceMissing, Interval, instant, power_came, voltage_lost
from hil.protocol.messages import Meter
from hil.protocol.transactions import parse_transaction
from hil.scenario.measurements.energy_and_timing import AFTERMATH_S, delivered, take
from hil.scenario.stimuli.power import LOOKS_FOR_S, MAINS, PLUG, last

if TYPE_CHECKING:
    from hil.evidence.documents import Event
    from hil.evidence.limits import Measurement
    from hil.scenario.scenario import Trial


def billed(trial: Trial, measurement: Measurement) -> None:
    """Energy that the socket says it delivered, all sessions together, less what the lab meter saw.

    What it says is rounded down and a second old at most, so a small surplus on the other side says nothing.
    """
    trial.declare(measurement)

    def find() -> Interval:
        said: dict[bytes, int] = {}
        for _, told in trial.messages(Meter, "to cable"):
            said[told.session] = max(told.energy_mwh, said.get(told.session, 0))
        if not said:
            raise EvidenceMissing("the socket said nothing of energy")
        claimed, seen = sum(said.values()) / 1000, delivered(trial)
        return Interval(claimed - seen.late, claimed - seen.early)

    take(trial, measurement, find)


def restored_to_power(trial: Trial, measurement: Measurement) -> None:
    """From the newest return of the mains to the first reading with power after it."""
    trial.declare(measurement)
    restored = instant(_fault(trial, MAINS, "restored"))
    take(trial, measurement, lambda: power_came(trial.recorder.events, restored.early).since(restored))


def unplugged_to_dead(trial: Trial, measurement: Measurement) -> None:
    """From the opening of K2 to the first reading without voltage at the socket's outlet."""
    trial.declare(measurement)
    trial.sleep(AFTERMATH_S)
    pulled, again = _fault(trial, PLUG, "pulled"), last(trial, PLUG, "again")
    until = again.t if again is not None and again.t > pulled.t else math.inf

    def find() -> Interval:
        seen = (event for event in trial.recorder.events if event.t <= until)
        return voltage_lost(seen, pulled.t - pulled.before).since(instant(pulled))

    take(trial, measurement, find)


def unplugged_to_settlement(trial: Trial, measurement: Measurement) -> None:
    """From the opening of K2 to the newest valid transaction in the mempool, as the node published it."""
    trial.declare(measurement)
    trial.sleep(LOOKS_FOR_S)
    pulled = instant(_fault(trial, PLUG, "pulled"))
    txid = parse_transaction(trial.newest_valid_payment().transaction).GetTxid()[::-1].hex()

    def find() -> Interval:
        for event in trial.recorder.events:
            if event.kind is Kind.LEDGER and event.data["change"] == "added" and event.data["hash"] == txid:
                return instant(event).since(pulled)
        raise EvidenceMissing("the newest valid transaction did not come into the mempool")

    take(trial, measurement, find)


def _fault(trial: Trial, source: str, word: str) -> Event:
    found = last(trial, source, word)
    if found is None:
        raise AuthorError(f"nothing happened to the {source} in this scenario", remedy="Say in a When step what does.")
    return found
