"""Rules on payments: what is proposed, signed, credited and settled, rebuilt from OFFER and FUNDING."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hil.judge.codes import ErrorCode, Mode
from hil.judge.invariants.history import Frame, History, Story
from hil.judge.invariants.rules import (
    CREDIT,
    CREDITED,
    ORDER,
    PREMATURE,
    PROPOSAL,
    SIGNATURE,
    SIGNED,
    TXID,
    Breach,
)
from hil.judge.messages import Close, Coin, Error, Funding, Meter, Offer, Payment, PaymentRequest, Receipt
from hil.judge.signatures import flaw_of
from hil.judge.transactions import (
    NoTransaction,
    bought_mwh,
    change_of,
    difference,
    parse,
    proposal,
    txid_of_bytes,
    unsigned,
)

MOST_CREDIT_MWH = 2100
"""SPEC, "The cable, before it signs"."""

ANSWERED_S = 2.0
"""SPEC, `reply_s`."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules."""
    for story in history.sessions.values():
        judge = _Session(history, story)
        for frame in story.frames:
            if frame.sender not in history.under_test or frame.late >= history.tampered_at:
                continue
            match frame.item:
                case PaymentRequest():
                    yield from judge.on_request(frame, frame.item)
                case Payment():
                    yield from judge.on_payment(frame, frame.item)
                case Receipt():
                    yield from judge.on_receipt(frame, frame.item)
                case Error():
                    yield from judge.on_error(frame, frame.item)
                case Close():
                    yield from judge.on_close(frame, frame.item)


class _Session:
    """One session while its messages are gone through."""

    def __init__(self, history: History, story: Story) -> None:
        self._history = history
        self._story = story
        self._asked = self._signed = self._credited = 0
        self._good: set[tuple[int, bytes]] = set()
        """Payments that were found to be as they must be."""

    def on_request(self, frame: Frame, request: PaymentRequest) -> Iterator[Breach]:
        """Hold a request against the offer, the coins, and the payments before it."""
        if frame.sender != "socket":
            return
        offer, fundings = self._story.offer(frame), self._story.fundings(frame)
        if offer is None or not fundings:
            return
        restarted = self._story.restarted(self._history, frame)
        paid = bool(self._story.payments(request.n - 1, frame)) or request.n == 1
        new, most = request.n != self._asked, max(_agreed(offer, each) for each in fundings)
        if self._history.whole and new and not (request.n == self._asked + 1 and paid) and not restarted:
            yield Breach(ORDER, "socket", f"it asks for payment {request.n} after {self._asked} were paid", frame)
        elif request.n > most:
            limits = f"max_payments of its OFFER is {offer.max_payments}, of FUNDING {fundings[-1].max_payments}"
            yield Breach(ORDER, "socket", f"it asks for payment {request.n} of {most} at most: {limits}", frame)
        left = bought_mwh(offer, request.n - 1) - request.energy_mwh
        if new and left > MOST_CREDIT_MWH and not restarted:
            yield Breach(PREMATURE, "socket", f"it asks for payment {request.n} with {left} mWh of credit left", frame)
        self._asked = request.n
        due = self._due(frame, request.n, [offer], fundings)
        if due and request.transaction not in [built for built, _ in due]:
            what = f"payment {request.n}: {difference(request.transaction, due[0][0])}"
            yield Breach(PROPOSAL, "socket", what, frame)

    def on_payment(self, frame: Frame, payment: Payment) -> Iterator[Breach]:
        """Hold a payment against what the cable itself had to build, and its signatures against its coins."""
        if frame.sender != "cable":
            return
        offers = [offer for _, offer in self._story.of(Offer, "socket", frame)]
        fundings = self._story.fundings(frame)
        if not offers or not fundings:
            return
        n, most = payment.n, max(_agreed(offer, each) for offer in offers for each in fundings)
        if n > most or (self._history.whole and n not in (self._signed, self._signed + 1)):
            yield Breach(ORDER, "cable", f"it signs payment {n} of {most} after payment {self._signed}", frame)
        if n > self._signed:
            yield from self._on_new(frame, n, offers)
        self._signed = max(n, self._signed)
        if (n, payment.transaction) not in self._good:
            yield from self._on_bytes(frame, payment, offers, fundings)

    def _on_new(self, frame: Frame, n: int, offers: Sequence[Offer]) -> Iterator[Breach]:
        requests = [each for each in self._story.of(PaymentRequest, "socket", frame) if each[1].n == n]
        asked = [request for at, request in requests if self._story.is_new(at)]
        if requests and not asked:
            what = f"it signs payment {n}, asked for under a sequence number that it had seen: no new message"
            yield Breach(ORDER, "cable", what, frame)
            return
        if not asked:
            yield Breach(ORDER, "cable", f"it signs payment {n}, for which there was no request", frame)
            return
        left = min(bought_mwh(offer, n - 1) for offer in offers) - max(each.energy_mwh for each in asked)
        if left > MOST_CREDIT_MWH:
            yield Breach(PREMATURE, "cable", f"it signs payment {n} with {left} mWh of credit left", frame)

    def _on_bytes(
        self, frame: Frame, payment: Payment, offers: Sequence[Offer], fundings: Sequence[Funding]
    ) -> Iterator[Breach]:
        due = self._due(frame, payment.n, offers, fundings)
        if not due:
            return
        flaws = _flaws(payment, due)
        if not flaws:
            self._good.add((payment.n, payment.transaction))
        else:
            own, flaw = flaws[0]
            yield Breach(SIGNATURE if own else SIGNED, "cable", f"payment {payment.n}: {flaw}", frame)

    def on_receipt(self, frame: Frame, receipt: Receipt) -> Iterator[Breach]:
        """Hold a receipt against the tariff, and against the payment that it is for."""
        offer, fundings, n = self._story.offer(frame), self._story.fundings(frame), receipt.n
        if frame.sender != "socket" or offer is None or not fundings:
            return
        due_mwh = bought_mwh(offer, n)
        if receipt.credited_mwh != due_mwh:
            what = f"{n} payments buy {due_mwh} mWh, and it credits {receipt.credited_mwh} mWh"
            yield Breach(CREDIT, "socket", what, frame)
        again, self._credited = n == self._credited, n
        due = self._due(frame, n, [offer], fundings)
        if again or not due or not self._history.whole:
            return
        sent = [each for each in self._story.payments(n, frame) if not each[0].lost]
        found = [_flaws(payment, due) for at, payment in sent if self._story.is_new(at)]
        if sent and not found:
            what = f"it credits payment {n}, which came under a sequence number that it had seen: no new message"
            yield Breach(CREDITED, "socket", what, frame)
        elif not found:
            yield Breach(CREDITED, "socket", f"it credits payment {n}, which was not sent", frame)
        elif all(found):
            yield Breach(CREDITED, "socket", f"it credits payment {n}: {found[-1][0][1]}", frame)

    def on_close(self, frame: Frame, close: Close) -> Iterator[Breach]:
        """Hold the id in CLOSE against the payments of the session, of which the newest must settle it."""
        numbered: dict[str, int] = {}
        for _, payment in self._story.of(Payment, "cable", frame):
            name = txid_of_bytes(payment.transaction)
            numbered[name] = max(payment.n, numbered.get(name, 0))
        if not close.txid:
            yield from self._unnamed(frame)
            return
        if not (self._history.whole or numbered):
            return
        if close.txid not in numbered:
            turned = bytes.fromhex(close.txid)[::-1].hex() in numbered
            what = "is told in reversed order" if turned else "is no payment of the session"
            yield Breach(TXID, frame.sender, f"{close.txid} {what}", frame)
        elif frame.sender == "socket" and numbered[close.txid] < self._credited:
            what = f"{close.txid} is payment {numbered[close.txid]}, and {self._credited} were credited"
            yield Breach(TXID, frame.sender, what, frame)

    def on_error(self, frame: Frame, error: Error) -> Iterator[Breach]:
        """Find UNEXPECTED for a payment that the socket had asked for, if only before a restart."""
        if frame.sender != "socket" or error.code is not ErrorCode.UNEXPECTED or frame.late >= self._history.held_at:
            return
        heard = [
            each.item
            for each in self._story.frames
            if each.sender == "cable" and not each.lost
            if each.early <= frame.late and each.late >= frame.early - ANSWERED_S
        ]
        payment = next((each for each in heard if isinstance(each, Payment)), None)
        if (
            payment is None
            or payment.n <= self._credited
            or not all(isinstance(each, Payment | Meter) for each in heard)
        ):
            return  # it may answer something else
        for at, request in self._story.of(PaymentRequest, "socket", frame):
            if request.n == payment.n and request.transaction == _unsigned(payment):
                what = f"it says UNEXPECTED to payment {payment.n}, which it had asked for at {at.t:.3f} s"
                yield Breach(ORDER, "socket", what, frame)
                return

    def _unnamed(self, close: Frame) -> Iterator[Breach]:
        """Find a CLOSE of a socket that leaves out a payment which it had on the ledger when it credited it."""
        offer = self._story.offer(close)
        per_payment = offer is not None and offer.mode is Mode.PER_PAYMENT
        if close.sender == "socket" and per_payment and self._credited:
            what = f"it names no transaction, and payment {self._credited} of per-payment mode is on the ledger"
            yield Breach(TXID, "socket", what, close)

    def _due(
        self, frame: Frame, n: int, offers: Sequence[Offer], fundings: Sequence[Funding]
    ) -> list[tuple[bytes, Sequence[Coin]]]:
        """Return what payment ``n`` may be, unsigned, with the coins that it spends; empty if that cannot be told."""
        found: list[tuple[bytes, Sequence[Coin]]] = []
        for offer in dict.fromkeys(offers):
            for funding in dict.fromkeys(fundings):
                for coins in self._spent(frame, n, offer, funding):
                    try:
                        built = proposal(offer, funding, coins, n)
                    except KeyError:  # a script of another type
                        continue
                    if built is not None and (built, coins) not in found:
                        found.append((built, coins))
        return found

    def _spent(self, frame: Frame, n: int, offer: Offer, funding: Funding) -> Iterator[Sequence[Coin]]:
        if offer.mode is Mode.SINGLE_FEE or n == 1:
            yield funding.coins
            return
        for _, before in self._story.payments(n - 1, frame):
            try:
                change = change_of(parse(before.transaction), funding)
            except NoTransaction:
                continue
            if change is not None:
                yield (change,)


def _agreed(offer: Offer, funding: Funding) -> int:
    return min(offer.max_payments, funding.max_payments)


def _unsigned(payment: Payment) -> bytes:
    try:
        return unsigned(parse(payment.transaction))
    except NoTransaction:
        return b""


def _flaws(payment: Payment, due: Sequence[tuple[bytes, Sequence[Coin]]]) -> list[tuple[bool, str]]:
    """Return what is wrong with a payment, and whether only with its signatures; nothing if it is one of ``due``."""
    try:
        transaction = parse(payment.transaction)
    except NoTransaction as error:
        return [(False, error.what)]
    plain, flaws = unsigned(transaction), []
    for built, coins in due:
        flaw = difference(plain, built) if plain != built else flaw_of(transaction, coins)
        if not flaw:
            return []
        flaws.append((plain == built, flaw))
    return sorted(flaws, key=lambda each: not each[0])
