"""What must be true of a cable and a socket whatever happens, held against the wire, the meter and the ledger.

The auditor believes no machine: it reads what each device says before anyone falsifies it, what the socket hears,
how much energy flows, and which transactions the ledger takes. A broken invariant raises ``InvariantBroken``.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from hil.endpoints.socket import METERING_S
from hil.fuzz.sessions.ledger import parsed
from hil.protocol.payment.transactions import dust_limit, fee_for
from hil.protocol.policy import CableLimits, Mode, Policy, credited_energy_mwh
from hil.protocol.socket.table import CONTACT_CLOSED, SocketState
from hil.protocol.wire.messages import Close, Error, Funding, Message, Offer, Payment, Receipt

if TYPE_CHECKING:
    from hil.protocol.socket.machine import SocketMachine

UNPAID_MWH: Final = Policy().unpaid_energy_mwh
_LIMITS: Final = CableLimits()
_ROUNDING_MWH: Final = 1.0
"""Devices count whole milliwatt-hours; each of their readings is at most this much below the truth."""


class InvariantBroken(AssertionError):
    """Something happened that must never happen."""


@dataclass
class Account:
    """What one session is about, as anyone on the wire can tell."""

    offer: Offer
    funding: Funding | None = None
    signed: int = 0
    """Payments that the cable has signed."""
    heard: list[bytes] = field(default_factory=list)
    """Payments that came to the socket."""
    credited: int = 0
    newest: bytes = b""
    """The transaction of payment ``credited``."""
    delivered_mwh: float = 0.0
    on_ledger: list[bytes] = field(default_factory=list)
    tolerance_mwh: float = UNPAID_MWH
    """Energy that may flow unpaid: each power cut of a delivering socket adds what it had not yet written down."""
    forgettable: bool = False
    """The socket was switched off when nothing was paid or all was settled: it need not know the session any more."""
    refused: bool = False
    closed: bool = False

    def worth_mwh(self, payments: int) -> int:
        return credited_energy_mwh(self.offer, payments)

    @property
    def single_fee(self) -> bool:
        return self.offer.mode is Mode.SINGLE_FEE

    @property
    def paid(self) -> int:
        """Payments that the ledger has."""
        if not self.single_fee:
            return len(self.on_ledger)
        return sum(parsed(tx).outputs[0][0] for tx in self.on_ledger) // self.offer.quantum_sat


class Audited(Protocol):
    """What of a simulation its invariants look at, besides what is said."""

    power_w: float
    """What the appliance takes while the socket's contact is closed, in W."""
    closed: bool
    """Whether the socket's contact is closed."""

    @property
    def socket_machine(self) -> SocketMachine | None:
        """The socket's protocol machine; None while it boots or is off."""


class Auditor:
    """Keeps an account of each session of a simulation."""

    def __init__(self, audited: Audited) -> None:
        self.accounts: dict[bytes, Account] = {}
        self.robbed = False
        """Somebody spent the coins elsewhere: what is not on the ledger then need not come there."""
        self._audited = audited
        self._running: Account | None = None
        self._payees: dict[bytes, Account] = {}

    # --- what is seen -------------------------------------------------------------------------------------------

    def on_said(self, sender: str, message: Message) -> None:
        """Take a message as the sender's own machine said it."""
        account = self.accounts.get(message.session)
        if isinstance(message, Offer):
            self._on_offer(message, account)
        elif account is None:
            return
        elif isinstance(message, Funding):
            _demand(account.funding in (None, message) or _same_coins(account.funding, message), "other coins declared")
            account.funding = message
        elif isinstance(message, Payment):
            self._on_signed(account, message)
        elif isinstance(message, Receipt):
            self._on_receipt(account, message)
        elif isinstance(message, Error):
            account.refused = True
        elif isinstance(message, Close) and sender == "socket":
            account.closed = True
            known = {parsed(tx).txid for tx in account.on_ledger} | {""}
            _demand(message.txid in known, f"CLOSE names {message.txid}, which is not on the ledger")

    def on_talked(self, session: bytes) -> None:
        """Take note that the socket said something in this session: what flows from now on belongs to it."""
        self._running = self.accounts.get(session, self._running)

    def on_power_cut(self, role: str) -> None:
        """Take note that a device was switched off."""
        if role == "socket":
            unread_mwh = METERING_S * self._audited.power_w / 3.6 if self._audited.closed else 0.0
            for account in self.accounts.values():
                account.forgettable = account.newest in (b"", *account.on_ledger)
                if account is self._running and account.credited:
                    account.tolerance_mwh += Policy().remember_mwh + unread_mwh

    def on_heard(self, receiver: str, message: Message) -> None:
        """Take a message that comes to a device undamaged."""
        account = self.accounts.get(message.session)
        if receiver == "socket" and account is not None and isinstance(message, Payment):
            account.heard.append(message.transaction)

    def on_energy(self, energy_mwh: float) -> None:
        """Take energy that flowed through the contact."""
        _demand(self._running is not None, "energy flows before any session")
        if self._running is not None:
            self._running.delivered_mwh += energy_mwh

    def on_broadcast(self, transaction: bytes) -> None:
        """Take a transaction that the ledger has taken."""
        account = self._payees.get(parsed(transaction).outputs[0][1])
        if account is None:
            raise InvariantBroken("a transaction that pays nobody who offered was broadcast")
        if transaction in account.on_ledger:
            return
        account.on_ledger.append(transaction)
        if account.single_fee:
            _demand(len(account.on_ledger) == 1, "a second transaction of a single-fee session on the ledger")
            _demand(transaction == account.newest, "not the newest credited transaction was broadcast")
        else:
            _demand(transaction in account.heard, "a payment was broadcast that nobody sent")
            _demand(len(account.on_ledger) <= account.credited + 1, "a payment was broadcast beyond the one asked for")

    # --- what must be true --------------------------------------------------------------------------------------

    def check(self) -> None:
        """Hold the present instant against the rules; called after every event."""
        if not self._audited.closed:
            return
        machine, account = self._audited.socket_machine, self._running
        if machine is None or account is None:
            raise InvariantBroken("the contact is closed without a session")
        _demand(machine.state in CONTACT_CLOSED, f"the contact is closed in state {machine.state.value}")
        _demand(machine.newest == account.newest, "the newest transaction is not that of the last receipt")
        credited = account.worth_mwh(account.credited)
        if machine.credited_mwh != credited:
            raise InvariantBroken(f"credit is {machine.credited_mwh} mWh, receipts say {credited} mWh")
        if account.delivered_mwh > credited + account.tolerance_mwh:
            raise InvariantBroken(f"{account.delivered_mwh:.1f} mWh delivered, {credited} mWh paid for")

    def check_at_rest(self) -> Counter[str]:
        """Hold the end of a simulation against the rules; return how its sessions ended."""
        machine = self._audited.socket_machine
        _demand(machine is not None and machine.state is SocketState.IDLE, "the socket does not come to rest")
        _demand(not self._audited.closed, "the contact is closed at the end")
        return Counter(self._outcome(account) for account in self.accounts.values())

    def _outcome(self, account: Account) -> str:
        if account.credited and account.newest not in account.on_ledger:
            _demand(self.robbed, "a credited payment is not settled")
            return "robbed"
        if account.delivered_mwh > account.worth_mwh(account.paid) + account.tolerance_mwh:
            raise InvariantBroken(f"the socket lost more than it may: {account.delivered_mwh:.1f} mWh delivered")
        if account.credited:
            return "settled"
        return "refused" if account.refused else "expired"

    def _on_offer(self, offer: Offer, account: Account | None) -> None:
        if account is not None and not (account.forgettable and offer.payee_script != account.offer.payee_script):
            _demand(offer.payee_script == account.offer.payee_script, "another payee is offered in the same session")
            return
        if account is not None:
            self.accounts[b"forgotten %d" % len(self.accounts)] = account
        _demand(offer.payee_script not in self._payees, "a payee is offered twice")
        self.accounts[offer.session] = self._payees[offer.payee_script] = Account(offer)

    def _on_signed(self, account: Account, payment: Payment) -> None:
        """An honest cable signs the next payment, of exactly what it owes, and not before it used what it paid."""
        offer, funding = account.offer, account.funding
        if funding is None:
            raise InvariantBroken("the cable signs before it declared its coins")
        _demand(payment.n in (account.signed, account.signed + 1), "the cable signs a payment out of turn")
        account.signed = payment.n
        (paid, payee), *rest = parsed(payment.transaction).outputs
        quanta = payment.n if account.single_fee else 1
        _demand(paid == quanta * offer.quantum_sat, f"the cable signs {paid} sat for {quanta} quanta")
        _demand(payee == offer.payee_script, "the cable pays a stranger")
        _demand(all(script == funding.change_script for _, script in rest), "the cable's change goes to a stranger")
        if account.single_fee:
            inputs = [coin.script for coin in funding.coins]
            fee = sum(coin.value_sat for coin in funding.coins) - paid - sum(value for value, _ in rest)
            most = fee_for(inputs, [payee, funding.change_script], offer.fee_rate_sat_per_vb)
            _demand(
                fee <= most + (0 if rest else dust_limit(funding.change_script)), f"the cable pays {fee} sat of fee"
            )
        used = account.delivered_mwh
        claimable = _LIMITS.most_claimable_mwh(math.ceil(used + _ROUNDING_MWH), account.worth_mwh(1))
        if account.worth_mwh(payment.n - 1) > claimable + _LIMITS.max_credit_at_request_mwh:
            raise InvariantBroken(f"the cable risks more than a payment: {payment.n} signed, {used:.1f} mWh delivered")

    def _on_receipt(self, account: Account, receipt: Receipt) -> None:
        _demand(receipt.n >= account.credited, "credit falls")
        _demand(receipt.credited_mwh == account.worth_mwh(receipt.n), "credit is not what was paid for")
        machine = self._audited.socket_machine
        newest = machine.newest if machine is not None else b""
        _demand(newest in account.heard, "a payment is credited that nobody sent")
        paid, payee = parsed(newest).outputs[0]
        quanta = receipt.n if account.single_fee else 1
        _demand(paid == quanta * account.offer.quantum_sat, f"{paid} sat are credited as {quanta} quanta")
        _demand(payee == account.offer.payee_script, "a payment to a stranger is credited")
        _demand(account.single_fee or newest in account.on_ledger, "a payment is credited before the ledger has it")
        account.credited, account.newest = receipt.n, newest


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise InvariantBroken(otherwise)


def _same_coins(first: Funding | None, second: Funding) -> bool:
    return first is not None and (first.coins, first.change_script) == (second.coins, second.change_script)
