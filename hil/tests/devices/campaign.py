"""The power-cut campaign: socket and cable on simulated disks, cut at any operation of a disk or around any frame.

A run goes like this: both devices start, the cut comes, the devices that it hit lie dark for a while, start again from
what their disks have kept, and go on; at last the cable is pulled for good and the socket brings its session to its
end. Then the books are checked. They say nothing of how a device goes on after a cut: an interrupted session may be
resumed or settled and followed by a new one.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from hil.devices.board import Board, Program
from hil.devices.firmware.factory import build
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.journal import DeviceJournal
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import CableLimits, Mode, Policy, SocketTerms
from hil.protocol.wire.framing import FrameDecoder
from hil.protocol.wire.messages import Message, Offer, Payment, Receipt, decode_message
from hil.tests.devices import device_pair
from hil.tests.devices.device_pair import SEEDS, Device, DevicePair
from hil.tests.devices.storage.simulated_disk import PowerCut, SimulatedDisk

ROLES = ("socket", "cable")
POWER_W = 3_680.0
"""16 A at 230 V."""

COIN_SAT, PAYMENTS, QUANTUM_SAT = 60_000, 2, 3_000
"""A payment lasts 2.3 s, so that a session is some hundred events."""

DARK_S = (0.2, 3.0, 65.0)
"""How long the power stays off: shorter and longer than the peer is patient."""

AFTER_S, SETTLING_S = 7.0, 130.0

SLICE_S = 0.25
"""A device that lost its power is noticed this late."""


@dataclass(frozen=True)
class Cut:
    """Where a cut comes: before or in the middle of an operation on a disk, after a frame was sent or handled."""

    kind: str
    """``before``, ``torn``, ``sent`` or ``received``"""
    role: str
    """Whose disk, who sent the frame, or who received it."""
    number: int
    victims: tuple[str, ...]

    def dark_s(self) -> float:
        return DARK_S[self.number % len(DARK_S)]


class CutPair(DevicePair):
    """Both devices with their records in files on simulated disks; the power fails at each of ``cuts`` in turn.

    The positions of the first are counted from the start, those of the next from the restart after the one before.
    """

    def __init__(self, mode: Mode, *cuts: Cut) -> None:
        self.cuts = 0
        """How many have come."""
        self._to_come = list(cuts)
        self._cut: Cut | None = None
        self._off: list[str] = []
        self._dark_s = 0.0
        self.disks = {role: SimulatedDisk() for role in ROLES}
        self.frames = {(kind, role): 0 for kind in ("sent", "received") for role in ROLES}
        self.newest: dict[bytes, bytes] = {}
        """The newest transaction that the socket credited, by session."""
        self._random = random.Random(repr(cuts))  # noqa: S311 - repeatable
        self._parts: dict[str, tuple[Mapping[str, object], Board]] = {}
        with patch.object(device_pair, "build", self._build):
            super().__init__(
                socket={"mode": mode.label, "quantum_sat": QUANTUM_SAT},
                cable={"max_payments": PAYMENTS},
                coin_values=(COIN_SAT,),
                power_w=POWER_W,
            )
        self.check = self.look
        self._arm()

    def _arm(self) -> None:
        """Wait for the next cut, and count from here."""
        self._cut = cut = self._to_come.pop(0) if self._to_come else None
        self.frames = dict.fromkeys(self.frames, 0)
        for role, disk in self.disks.items():
            disk.operations = 0
            disk.writes.clear()
            disk.before = functools.partial(self._before_operation, role)
            disk.torn_write = cut.number if cut and (cut.kind, cut.role) == ("torn", role) else None

    def _build(self, role: str, profile: Mapping[str, object], board: Board) -> Program:
        self._parts[role] = (profile, board)
        board.storage = FileStorage(Path(role), self.disks[role])
        program = build(role, profile, board)
        handle = program.on_link_bytes

        def on_link_bytes(data: bytes, now: float) -> None:
            handle(data, now)
            self._frame("received", role)

        program.on_link_bytes = on_link_bytes  # type: ignore[method-assign]
        return program

    def carry(self, sender: Device, data: bytes) -> None:
        super().carry(sender, data)
        self._frame("sent", sender.role)

    def _frame(self, kind: str, role: str) -> None:
        number = self.frames[kind, role]
        self.frames[kind, role] += 1
        cut = self._cut
        if cut and (cut.kind, cut.role, cut.number) == (kind, role, number):
            if role in cut.victims:
                raise PowerCut
            self._fail()  # it hits the other one alone; who sent or received goes on

    def _before_operation(self, role: str, number: int) -> None:
        cut = self._cut
        if cut and (cut.kind, cut.role, cut.number) == ("before", role, number):
            raise PowerCut

    # --- a run ---

    def whole_run(self) -> None:
        """Start both, let the cuts come, let all come to its end."""
        for role in ROLES:
            if role not in self._off:
                self._guarded(functools.partial(self.devices[role].supply, True))
        self.live(AFTER_S)
        self.operations = {role: self.disks[role].operations for role in ROLES}
        if self._cut:
            self._to_come = []
            self._arm()  # it did not come any more
        self.cable.supply(False)
        self.live(SETTLING_S)

    def live(self, seconds: float) -> None:
        """Let time pass; after each cut it begins anew."""
        end = self.now + seconds
        while self.now < end:
            if self._off:
                self._guarded(functools.partial(self.run_for, self._dark_s))
                self._arm()
                self._guarded(self._restart)
                end = self.now + seconds
            else:
                until = min(end, self.now + SLICE_S) if self._cut else end
                self._guarded(functools.partial(self.run, until))

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except PowerCut:
            self._fail()

    def _fail(self) -> None:
        cut, self._cut = self._cut, None
        assert cut is not None
        self.cuts += 1
        self._dark_s = cut.dark_s()
        for role in cut.victims:
            self.devices[role].supply(False)
            self.disks[role] = self.disks[role].outcome(self._random.randrange)
            self._off = [*(other for other in self._off if other != role), role]

    def _restart(self) -> None:
        while self._off:
            role = self._off[0]
            profile, board = self._parts[role]
            self.disks[role].process_ended()
            self.devices[role].program = self._build(role, profile, board)  # type: ignore[assignment]
            self._off.remove(role)
            self.devices[role].supply(True)

    def look(self) -> None:
        """After each event: no power without credit, and the newest credited transaction is known."""
        machine = self.socket_machine
        if machine is not None and machine.newest:
            session = machine.context.session
            assert session is not None
            self.newest[session.offer.session] = machine.newest
        if self.closed:
            assert machine is not None
            assert machine.newest
            assert machine.credit_mwh > -Policy().unpaid_energy_mwh


# --- the books ------------------------------------------------------------------------------------------------------


@functools.cache
def own_scripts(role: str, chain: int, count: int) -> frozenset[bytes]:
    account = Account(SEEDS[role])
    return frozenset(account.key(chain, index).p2wpkh_script for index in range(count))


def messages(pair: CutPair) -> list[Message]:
    found: list[Message] = []
    for _, _, frame in pair.sent:
        (payload,) = FrameDecoder().feed(frame)
        assert isinstance(payload, bytes)
        found.append(decode_message(payload))
    return found


def check_books(pair: CutPair, mode: Mode) -> None:
    """Assert that no cut cost anybody a key, an address, a credited payment, or more than one payment's worth."""
    said = messages(pair)
    offered: dict[bytes, bytes] = {}
    signed: dict[bytes, dict[int, bytes]] = {}
    credited: dict[bytes, int] = {}
    for message in said:
        if isinstance(message, Offer):
            # a socket that forgot a session before its first payment offers it anew, with another address
            assert offered.setdefault(message.payee_script, message.session) == message.session
        elif isinstance(message, Payment):
            signed.setdefault(message.session, {})[message.n] = message.transaction
        elif isinstance(message, Receipt):
            credited[message.session] = max(message.n, credited.get(message.session, 0))

    journals = {role: DeviceJournal(FileStorage(Path(role), pair.disks[role].outcome(lambda _: 0))) for role in ROLES}
    assert journals["socket"].open_session() is None, "the session was never settled"
    used = {role: journal.addresses_used() for role, journal in journals.items()}
    payees = own_scripts("socket", RECEIVE, used["socket"])
    changes = own_scripts("cable", CHANGE, used["cable"])
    assert set(offered) <= payees

    sent = pair.ledger.sent
    paid_sat = 0
    for transaction in sent:
        payee, *change = parse_transaction(transaction).vout
        assert bytes(payee.scriptPubKey) in payees, "paid to a key that nobody has"
        assert all(bytes(output.scriptPubKey) in changes for output in change), "change to a key that nobody has"
        paid_sat += payee.nValue
    for session, n in credited.items():
        later = [transaction for number, transaction in signed[session].items() if number >= n]
        assert any(transaction in sent for transaction in later), f"payment {n} was credited and is not settled"
    for session, newest in pair.newest.items():
        later = [t for t in signed[session].values() if t == newest or value(t) > value(newest)]
        assert any(transaction in sent for transaction in [newest, *later]), "the newest payment is not settled"
        if mode is Mode.SINGLE_FEE:
            assert sum(transaction in sent for transaction in signed[session].values()) == 1

    terms, policy = SocketTerms(), Policy()
    paid_mwh = paid_sat * 1000 / terms.tariff_sat_per_wh
    quantum_mwh = QUANTUM_SAT * 1000 / terms.tariff_sat_per_wh
    delivered_mwh = pair.energy_wh * 1000
    rounding_mwh = 1 + len(pair.newest)
    each = max(1, pair.cuts)
    assert delivered_mwh - paid_mwh <= each * (policy.unpaid_energy_mwh + policy.remember_mwh) + rounding_mwh
    assert paid_mwh - delivered_mwh <= each * (quantum_mwh + CableLimits().max_credit_at_request_mwh) + rounding_mwh


def value(transaction: bytes) -> int:
    return int(parse_transaction(transaction).vout[0].nValue)


def all_cuts(mode: Mode) -> list[Cut]:
    """Return every cut of a session: twice at each operation on a disk, and around each frame."""
    calm = CutPair(mode)
    calm.whole_run()
    check_books(calm, mode)
    assert calm.ledger.sent
    everybody = (("socket",), ("cable",), ROLES)
    cuts = []
    for role in ROLES:
        for number in range(calm.operations[role]):
            # one device, and now and then both at once
            victims = ROLES if number % 4 == 3 else (role,)
            cuts += [Cut("before", role, number, victims)]
            if number in calm.disks[role].writes:
                cuts += [Cut("torn", role, number, victims)]
    for (kind, role), count in calm.frames.items():
        cuts += [Cut(kind, role, number, victims) for number in range(count) for victims in everybody]
    return cuts
