"""What was seen in a scenario: messages, payments, the session's end, transactions on the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bitcoin.core import CTransaction

from hil.errors import DeadlineExceeded
from hil.evidence.documents import Kind
from hil.protocol.coins import Coin, OutPoint
from hil.protocol.messages import MESSAGE_TYPES, Close, Message, Offer, Payment, Receipt, message_name
from hil.rig.file import PAIR

if TYPE_CHECKING:
    from hil.evidence.documents import Json
    from hil.links.faults import Direction
    from hil.ports import LedgerTransaction
    from hil.rig.recorder import Frame, Recorder
    from hil.rig.rig import Rig
    from hil.scenario.plan import Plan

DEVICES = ("socket", "cable")

M = TypeVar("M", bound=Message)


class Observations:
    """Reads the recorder and the ledger; changes neither, but for the blocks that it is asked to mine."""

    rig: Rig
    recorder: Recorder
    plan: Plan
    coins: list[Coin]
    """What the cable was given."""

    def devices_under_test(self) -> tuple[str, ...]:
        """Return ``socket``, ``cable`` or both."""
        return (
            DEVICES if self.plan.setup == PAIR else tuple(each for each in DEVICES if self.plan.setup.startswith(each))
        )

    def messages(self, kind: type[M], direction: Direction | None = None) -> list[tuple[Frame, M]]:
        """Return the frames that carried a message of this kind, oldest first, also those that did not arrive."""
        return [
            (frame, frame.message)
            for frame in self.recorder.frames_with(kind)
            if isinstance(frame.message, kind) and direction in (None, frame.direction)
        ]

    def has_passed(self, message: str, way: str, number: int) -> bool:
        """Tell whether so many messages of a type were sent in a direction, e.g. ``to the socket``."""
        kind = next(kind for kind in MESSAGE_TYPES.values() if message_name(kind) == message)
        direction = way.replace("to the ", "to ")
        return sum(frame.direction == direction for frame in self.recorder.frames_with(kind)) >= number

    def accepted_payments(self) -> int:
        """Number of the newest payment that a receipt confirmed; 0 if there is none."""
        return max((receipt.n for _, receipt in self.messages(Receipt)), default=0)

    def signed_payments(self) -> list[Payment]:
        """Return all payments that the cable sent, oldest first."""
        return [payment for _, payment in self.messages(Payment)]

    def newest_valid_payment(self) -> Payment:
        """Return the newest payment that a receipt confirmed; raises DeadlineExceeded if none was."""
        accepted = self.accepted_payments()
        for _, payment in reversed(self.messages(Payment)):
            if payment.n == accepted:
                return payment
        raise DeadlineExceeded("no payment was accepted in this scenario")

    def session_closed(self) -> bool:
        """Tell whether the socket has closed the session that it offered last; it does so only after it has settled."""
        closed = {close.session for _, close in self.messages(Close, "to cable")}
        offers = self.messages(Offer) if closed else []
        return bool(closed) and (not offers or offers[-1][1].session in closed)

    def credited_wh(self) -> float:
        """Energy paid for in watt-hours: by the newest receipt of each session, all sessions together."""
        by_session: dict[bytes, int] = {}
        for _, receipt in self.messages(Receipt):
            by_session[receipt.session] = max(receipt.credited_mwh, by_session.get(receipt.session, 0))
        return sum(by_session.values()) / 1000

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
        self.recorder.write(Kind.TRANSACTION, "ledger", data)
