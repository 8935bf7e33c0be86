"""Whatever happens to line, ledger, supplies and honesty: what must be true of the pair is true after every event."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.links.abuses.simple import Abuse, DemandMore, DivertChange, PayStranger, Underpay, WithholdPayment
from hil.protocol.cable.table import CableState
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.protocol.payment.transactions import parse_transaction
from hil.protocol.policy import Mode, Policy
from hil.protocol.socket.table import CONTACT_CLOSED, SocketState
from hil.tests.devices.device_pair import SEEDS, DevicePair

ACCOUNT = Account(SEEDS["cable"])
RECEIVED = ACCOUNT.key(RECEIVE, 0)
CHANGES = [ACCOUNT.key(CHANGE, index) for index in range(10)]
KEYS = {RECEIVED.p2wpkh_script: RECEIVED} | {key.p2wpkh_script: key for key in CHANGES}
QUANTUM_SAT, QUANTUM_MWH = 10_000, 8_000
UNPAID_MWH = Policy().unpaid_energy_mwh

ROLES = st.sampled_from(["socket", "cable"])
FAULTS = st.one_of(
    st.just(("drop", 0.0)),
    st.just(("twice", 0.0)),
    st.tuples(st.just("flip"), st.integers(0, 4000).map(float)),
    st.tuples(st.just("late"), st.sampled_from([0.01, 0.3, 1.9, 2.5, 7.0])),
)
ABUSES = st.sampled_from(["underpay", "stranger", "withhold", "demand more", "divert", "honest"])
ACTIONS = st.one_of(
    st.tuples(st.just("run"), st.sampled_from([0.05, 0.5, 2.0, 7.0, 17.0])),
    st.tuples(st.just("run"), st.sampled_from([1.0, 12.0, 25.0])),
    st.tuples(st.just("faults"), ROLES, st.lists(FAULTS, min_size=1, max_size=4)),
    st.tuples(st.just("cut"), ROLES, st.sampled_from([0.0, 0.2, 3.0])),
    st.tuples(st.just("ledger"), st.booleans()),
    st.tuples(st.just("abuse"), ABUSES),
    st.tuples(st.just("draw"), st.sampled_from([0.0, 60.0, 1300.0])),
    st.tuples(st.just("double spend")),
)


class Watch:
    """Checks the pair after every event."""

    def __init__(self, pair: DevicePair, mode: Mode) -> None:
        self.pair = pair
        self.mode = mode
        self.session: Any = None
        self.origin_wh = 0.0
        self.credited_mwh = 0
        self.newest: dict[bytes, bytes] = {}
        self.events = 0

    def __call__(self) -> None:
        self.events += 1
        machine = self.pair.socket_machine
        if machine is None or machine.context.session is None:
            assert not self.pair.closed, "contact closed without a session"
            self.session = None
            return
        if machine.context.session is not self.session:
            self.session, self.origin_wh, self.credited_mwh = machine.context.session, self.pair.energy_wh, 0
        session = machine.context.session
        assert not self.pair.closed or machine.state in CONTACT_CLOSED
        delivered = (self.pair.energy_wh - self.origin_wh) * 1000
        assert delivered <= machine.credited_mwh + UNPAID_MWH
        assert self.credited_mwh <= machine.credited_mwh == session.accepted * QUANTUM_MWH
        assert machine.credit_mwh == machine.credited_mwh - machine.delivered_mwh
        self.credited_mwh = machine.credited_mwh
        if session.newest:
            self.newest[session.id] = session.newest
            self._check_newest(session)
        else:
            assert session.accepted == 0

    def _check_newest(self, session: Any) -> None:
        paid = parse_transaction(session.newest).vout[0]
        quanta = session.accepted if self.mode is Mode.SINGLE_FEE else 1
        assert paid.nValue == quanta * QUANTUM_SAT
        assert bytes(paid.scriptPubKey) == session.offer.payee_script
        if self.mode is Mode.PER_PAYMENT:
            assert session.newest in self.pair.ledger.sent


def abuse_of(kind: str, pair: DevicePair) -> tuple[str, Abuse | None]:
    """Return who cheats, and how, from the next payment on."""
    coins = [*pair.coins, *pair.ledger.coins.values()]
    cable = pair.cable_machine
    change = cable.context.change_script if cable is not None else CHANGES[0].p2wpkh_script
    match kind:
        case "underpay":
            return "cable", Underpay(1, 1, coins, KEYS, change)
        case "stranger":
            return "cable", PayStranger(1, coins, KEYS, change)
        case "withhold":
            return "cable", WithholdPayment(1)
        case "demand more":
            return "socket", DemandMore(1, 1)
        case "divert":
            return "socket", DivertChange(1)
    return "cable", None


def act(pair: DevicePair, action: tuple[Any, ...]) -> None:
    match action:
        case ("run", seconds):
            pair.run_for(seconds)
        case ("faults", role, faults):
            pair.faults[role].extend(faults)
        case ("cut", role, seconds):
            pair.devices[role].supply(False)
            pair.run_for(seconds)
            pair.devices[role].supply(True)
        case ("ledger", available):
            pair.ledger.available = available
        case ("abuse", kind):
            pair.alter = {"socket": None, "cable": None}
            role, abuse = abuse_of(kind, pair)
            pair.alter[role] = abuse.before_sending if abuse is not None else None
        case ("draw", watts):
            pair.power_w = watts
        case ("double spend",):
            pair.ledger.spend_elsewhere()
    pair.check()


@settings(max_examples=80)
@given(st.sampled_from(Mode), st.sampled_from([0.0, 0.05, 8.0]), st.lists(ACTIONS, min_size=1, max_size=10))
@example(Mode.SINGLE_FEE, 0.05, [("run", 25.0), ("cut", "socket", 0.2), ("run", 7.0)])
@example(Mode.SINGLE_FEE, 0.05, [("run", 17.0), ("ledger", False), ("run", 25.0), ("ledger", True), ("run", 7.0)])
@example(Mode.PER_PAYMENT, 0.05, [("run", 12.0), ("double spend",), ("run", 2.0)])
@example(Mode.SINGLE_FEE, 8.0, [("run", 25.0), ("run", 25.0)])  # the credit ends while the ledger still thinks
def test_a_pair_stays_safe_and_its_sessions_end_whatever_happens(
    mode: Mode, ledger_delay_s: float, actions: list[tuple[Any, ...]]
) -> None:
    pair = DevicePair(socket={"mode": mode.label, "ledger_delay_s": ledger_delay_s}, cable={"max_payments": 4})
    watch = pair.check = Watch(pair, mode)
    pair.start()
    for action in actions:
        act(pair, action)
    pair.ledger.available, pair.line_cut = True, True
    pair.run_for(Policy().silent_peer_s + 2 * (Policy().settle_s + ledger_delay_s) + 1)
    socket, cable = pair.socket_machine, pair.cable_machine
    assert socket is not None
    assert cable is not None
    assert socket.state is SocketState.IDLE
    assert cable.state in {CableState.ENDED, CableState.CALLING}
    assert not pair.closed
    assert pair.journal().open_session() is None
    if pair.ledger.conflicting is None:
        assert all(newest in pair.ledger.sent for newest in watch.newest.values())


def test_the_rough_pair_does_toast_when_it_is_left_alone() -> None:
    pair = DevicePair(cable={"max_payments": 5})
    watch = pair.check = Watch(pair, Mode.SINGLE_FEE)
    pair.start().run(150.0)
    assert 40 <= pair.energy_wh <= 40 + UNPAID_MWH / 1000
    assert len(watch.newest) == len(pair.ledger.sent) == 1
    assert watch.events > 1000
