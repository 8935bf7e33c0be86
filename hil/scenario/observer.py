"""What a measurement may ask of a scenario: what was seen so far, and to watch for longer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from bitcoin.core import CTransaction

from hil.errors import AuthorError, DeadlineExceeded, RigFault
from hil.evidence.documents import Kind
from hil.evidence.observations import DeviceIdle, EvidenceMissing
from hil.judge import messages as judge
from hil.judge.messages import (
    MESSAGES,
    Close,
    Error,
    Funding,
    Hello,
    Message,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
    Sent,
)
from hil.protocol.payment.coins import Coin, OutPoint
from hil.rig.config.rig_file import PAIR
from hil.rig.recorder import sent_by
from hil.scenario.accepted_payments import AcceptedPayment, accepted_payments, credit_wh

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.evidence.documents import Event, Json
    from hil.links.abuses.model import Cheat
    from hil.links.faults import Direction
    from hil.ports import LedgerTransaction, Reading
    from hil.rig.recorder import Frame, Recorder
    from hil.rig.rig import Rig
    from hil.rig.sampling.timer import Sampling
    from hil.scenario.plan import Plan

DEVICES = ("socket", "cable")

ANSWERS: dict[str, dict[type[Message], tuple[type[Message], ...]]] = {
    "socket": {Hello: (Offer, Error), Funding: (PaymentRequest, Error, Close), Payment: (Receipt, Error, Close)},
    "cable": {Offer: (Funding, Error, Close), PaymentRequest: (Payment, Error, Close)},
}
"""What each device answers each question with (SPEC, "Messages")."""

REPLY_S = 2.0
"""Within this time each question is answered (docs/system.md)."""

M = TypeVar("M", bound=Sent)


@dataclass
class Watch:
    """The newest figures while a scenario runs, for waits and for the live line."""

    energy_wh: float = 0.0
    power_w: float = 0.0
    voltage_v: float = 0.0
    credited_mwh: int = 0
    awaited: str = ""
    until: float | None = None

    @property
    def credit_wh(self) -> float:
        """What the newest receipt says that is paid for, less what was delivered by the lab meter."""
        return self.credited_mwh / 1000 - self.energy_wh

    def take(self, reading: Reading) -> None:
        """Take over what the lab meter shows."""
        self.power_w, self.energy_wh = float(reading.power), float(reading.energy)
        self.voltage_v = float(reading.voltage)


class Observer:
    """Reads messages, readings and the ledger; changes none, but for the blocks that it is asked to mine.

    :param plan: what the Given steps say, also those that are still to come.
    :param seed: the scenario's.
    """

    def __init__(self, rig: Rig, recorder: Recorder, plan: Plan, seed: str) -> None:
        self.rig = rig
        self.clock = rig.clock
        self.recorder = recorder
        self.plan = plan
        self.seed = seed
        self.watch = Watch()
        self.sampling: Sampling | None = None
        """What reads the lab meter, once the scenario has one."""
        self.coins: list[Coin] = []
        """What the cable was given."""
        self.powered_on: Event | None = None
        """The relay that applied power to the device under test; None before that."""
        self.abuse: Cheat | None = None
        """What spoils the messages of the counterpart that the rig plays; None if nothing does."""

    # --- waits -------------------------------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], Any], *, timeout: float, what: str, on_readings: bool = False) -> None:
        """Let the bench run until ``condition``; raises DeadlineExceeded, which blames the device under test.

        :param timeout: seconds of the bench's time.
        :param what: what is awaited, in words for a person.
        :param on_readings: whether it depends on what the lab meter shows.
        """
        self.watch.awaited, self.watch.until = what, self.clock.now() + timeout
        closely = self.sampling.closely if self.sampling is not None else False
        self._look_closely(closely or on_readings)
        self.clock.wait_for(condition, timeout=timeout, what=what, last_seen=self.last_seen)
        self._look_closely(closely)
        self.watch.awaited = ""

    def wait_for_bench(self, condition: Callable[[], Any], *, timeout: float, what: str, part: str) -> None:
        """Let the bench run until ``condition``, which a part of it owes: raises RigFault that names the part."""
        try:
            self.clock.wait_for(condition, timeout=timeout, what=what, last_seen=self.last_seen)
        except DeadlineExceeded as late:
            raise RigFault(late.what, place=part, remedy="Nothing is said about the device.") from None

    def sleep(self, seconds: float) -> None:
        """Let the bench run for a while."""
        self.watch.awaited, self.watch.until = "time to pass", self.clock.now() + seconds
        self.clock.sleep(seconds)
        self.watch.awaited = ""

    def _look_closely(self, closely: bool) -> None:
        if self.sampling is not None:
            self.sampling.closely = closely

    def last_seen(self) -> str:
        """Return the newest message, power and energy, in words."""
        frame = self.recorder.frames[-1] if self.recorder.frames else None
        told = judge.told_end(frame.message) if frame else ""
        newest = f"{told} {frame.direction} at {frame.t:.3f} s" if frame else "no message yet"
        flowing = f"{self.watch.power_w:.0f} W" if self.power_flows() else "no power"
        return f"{newest}, {flowing}, {self.watch.energy_wh:.2f} Wh"

    # --- what was seen -----------------------------------------------------------------------------------------

    def power_flows(self) -> bool:
        """Tell whether power flowed in the newest reading of the lab meter."""
        return self.watch.power_w >= self.off_w

    def devices_under_test(self) -> tuple[str, ...]:
        """Return ``socket``, ``cable`` or both."""
        return (
            DEVICES if self.plan.setup == PAIR else tuple(each for each in DEVICES if self.plan.setup.startswith(each))
        )

    def the_device_under_test(self) -> str:
        """Return the one device under test; raises AuthorError for a pair, of which both are."""
        devices = self.devices_under_test()
        if len(devices) != 1:
            raise AuthorError("socket and cable are both under test in this scenario", remedy="Put one of them alone.")
        return devices[0]

    def refuse_played(self, device: str) -> None:
        """Raise AuthorError for a device that the bench plays in this scenario: nothing can be said of it."""
        if device not in self.devices_under_test():
            raise AuthorError(f"the {device} is not under test in this scenario")

    def messages(self, kind: type[M], direction: Direction | None = None) -> list[tuple[Frame, M]]:
        """Return the frames that carried a message of this kind, oldest first, also those that did not arrive."""
        return [
            (frame, frame.message)
            for frame in self.recorder.frames_with(kind)
            if isinstance(frame.message, kind) and direction in (None, frame.direction)
        ]

    def has_passed(self, message: str, way: str, number: int) -> bool:
        """Tell whether so many messages of a type were sent in a direction, e.g. ``to the socket``."""
        kind = MESSAGES[message]
        direction = way.replace("to the ", "to ")
        return sum(frame.direction == direction for frame in self.recorder.frames_with(kind)) >= number

    @cached_property
    def off_w(self) -> float:
        """Power in W below which nothing flows as far as this rig's meter can tell; asked with each reading."""
        return float(self.rig.meter.off_threshold_w)

    def accepted(self) -> list[AcceptedPayment]:
        """Return the payments that passed on the line and were accepted by a receipt, in the order of the receipts.

        One that the link kept from the socket was never paid.
        """
        frames = [each for each in self.recorder.frames if not (each.lost and isinstance(each.message, Payment))]
        return accepted_payments([(frame.t, frame.message) for frame in frames], self.given())

    def given(self) -> list[judge.Coin]:
        """Return what the cable was given, as the judge speaks of coins."""
        return [
            judge.Coin(coin.outpoint.txid, coin.outpoint.index, int(coin.value), coin.script) for coin in self.coins
        ]

    def first_acceptance(self) -> Event | None:
        """Return the receipt of the first payment that pays anything; None if there is none yet.

        A receipt for what was never paid is the socket's word only.
        """
        paid = {(each.session, each.n, each.t) for each in self.accepted() if each.paid_sat > 0}
        receipts = self.messages(Receipt, "to cable") if paid else []
        return next((frame.event for frame, each in receipts if (each.session, each.n, frame.t) in paid), None)

    def accepted_payments(self) -> int:
        """Number of the newest payment with a receipt; 0 if there is none. Cheap enough for a wait's condition."""
        receipts = self.messages(Receipt)
        signed = {(payment.session, payment.n) for _, payment in self.messages(Payment)} if receipts else set()
        return max((receipt.n for _, receipt in receipts if (receipt.session, receipt.n) in signed), default=0)

    def signed_payments(self) -> list[Payment]:
        """Return all payments that the cable sent, oldest first."""
        return [payment for _, payment in self.messages(Payment)]

    def newest_valid_payment(self) -> AcceptedPayment:
        """Return the newest payment that was accepted; raises as :meth:`no_evidence` does if none was."""
        accepted = self.accepted()
        if not accepted:
            raise self.no_evidence("no payment was accepted in this scenario")
        return accepted[-1]

    def is_idle(self) -> bool:
        """Tell whether the device under test owes a message: its turn came longer ago than it may take, or never ended.

        A question that the link did not deliver does not count. A cable owes the first HELLO.
        """
        for device in self.devices_under_test():
            if device == "cable" and not self.messages(Hello):
                return True
            told = [frame.t for frame in self.recorder.frames if frame.direction == sent_by(device)]
            newest = max(told, default=0.0)
            for question in ANSWERS[device]:
                asked = [frame.t for frame, _ in self.messages(question) if not frame.lost and frame.t >= newest]
                if asked and self.clock.now() - asked[0] >= REPLY_S:
                    return True
        return False

    def no_evidence(self, what: str) -> DeviceIdle | EvidenceMissing:
        """Return the error for something that a measurement needs and that did not happen.

        It is held against the device under test if that was due to act; else the bench did not come to see it.
        """
        return DeviceIdle(what) if self.is_idle() else EvidenceMissing(what)

    def session_closed(self) -> bool:
        """Tell whether the socket has closed the session that it offered last; it does so only after it has settled."""
        closed = {close.session for _, close in self.messages(Close, "to cable")}
        offers = self.messages(Offer) if closed else []
        return bool(closed) and (not offers or offers[-1][1].session in closed)

    def credited_wh(self, until: float = math.inf) -> float:
        """Energy paid for in watt-hours by the instant ``until``, all sessions together: by payments and tariff.

        What the receipts claim does not count.
        """
        return credit_wh(payment for payment in self.accepted() if payment.t <= until)

    def payments_on_ledger(self) -> list[LedgerTransaction]:
        """Return the transactions that spend the cable's coins, or the change of one that does; oldest first."""
        found: list[LedgerTransaction] = []
        outpoints = [coin.outpoint for coin in self.coins]
        while transactions := [each for each in self.rig.ledger.spending(outpoints) if each not in found]:
            found += transactions
            outpoints = [OutPoint(each.txid, index) for each in transactions for index in (0, 1)]
        return found

    def mine(self, blocks: int = 1) -> None:
        """Let the bench's miner find blocks, stamped with the bench's time."""
        self.rig.ledger.mine(blocks)

    def record_transaction(self, transaction: LedgerTransaction, event: str) -> None:
        """Put a transaction into the evidence."""
        outputs = [output.nValue for output in CTransaction.deserialize(transaction.raw).vout]
        data: dict[str, Json] = {
            "txid": transaction.txid,
            "event": event,
            "fee_sat": int(transaction.fee),
            "payment_sat": outputs[0],
            "confirmations": transaction.confirmations,
            "raw": transaction.raw.hex(),
        }
        if len(outputs) > 1:
            data["change_sat"] = outputs[1]
        self.recorder.observe(Kind.TRANSACTION, "ledger", data)
