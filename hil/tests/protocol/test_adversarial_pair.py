"""Whatever happens to cable and socket, the auditor's rules hold after every event; and the auditor would notice."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hil.fuzz.sessions import plans
from hil.fuzz.sessions.campaign import CampaignFailed, in_memory, plan_of
from hil.fuzz.sessions.invariants import InvariantBroken
from hil.fuzz.sessions.misbehaviour import CHEATS
from hil.fuzz.sessions.plans import Plan, act, fault_value, finish, run_plan
from hil.fuzz.sessions.simulation import Simulation
from hil.protocol.cable.table import CABLE_TABLE, CableEvent
from hil.protocol.policy import Mode
from hil.protocol.socket.context import SocketContext
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.socket.table import SOCKET_TABLE, SocketEvent, SocketState

ROLES = st.sampled_from(plans.ROLES)
WAITS = st.sampled_from(plans.WAITS_S)
NUMBERS = st.integers(0, 3999)
FAULTS = st.builds(lambda kind, number: (kind, fault_value(kind, number)), st.sampled_from(plans.FAULTS), NUMBERS)
CHEATING = st.sampled_from([(role, name) for role in plans.ROLES for name in CHEATS[role]])
Check = Callable[..., Any]


class AdversarialPair(RuleBasedStateMachine):
    """Socket and cable under random delay, loss, repetition, damage, reordering, restarts, load steps and abuse."""

    simulation: Simulation

    @initialize(
        mode=st.sampled_from(Mode),
        delay_s=st.sampled_from(plans.LEDGER_DELAYS_S),
        payments=st.integers(1, 4),
        coins=st.sampled_from([(100_000,), (30_000, 25_000), (7_000,), (4_050,)]),
    )
    def plug_in(self, mode: Mode, delay_s: float, payments: int, coins: tuple[int, ...]) -> None:
        self.simulation = Plan(mode, delay_s, payments, coins).start()

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        act(self.simulation, ("run", seconds))

    @rule(role=ROLES, faults=st.lists(FAULTS, min_size=1, max_size=4), seconds=WAITS)
    def disturb_the_line(self, role: str, faults: list[tuple[str, float]], seconds: float) -> None:
        act(self.simulation, ("faults", role, tuple(faults)))
        act(self.simulation, ("run", seconds))

    @rule(role=ROLES, seconds=st.sampled_from(plans.CUTS_S))
    def restart(self, role: str, seconds: float) -> None:
        act(self.simulation, ("restart", role, seconds))

    @rule(cheating=CHEATING, amount=st.sampled_from(plans.AMOUNTS), seconds=WAITS)
    def cheat(self, cheating: tuple[str, str], amount: int, seconds: float) -> None:
        act(self.simulation, ("cheat", *cheating, amount))
        act(self.simulation, ("run", seconds))

    @rule(role=ROLES)
    def repent(self, role: str) -> None:
        act(self.simulation, ("honest", role))

    @rule(watts=st.sampled_from(plans.POWERS_W))
    def step_the_load(self, watts: float) -> None:
        act(self.simulation, ("draw", watts))

    @rule(what=st.sampled_from(["ledger", "line"]), there=st.booleans(), seconds=WAITS)
    def lose_or_find(self, what: str, there: bool, seconds: float) -> None:
        act(self.simulation, (what, there))
        act(self.simulation, ("run", seconds))

    @rule(stuck=st.booleans())
    def take_money_for_nothing(self, stuck: bool) -> None:
        act(self.simulation, ("stick", stuck))

    @precondition(lambda self: not self.simulation.auditor.robbed)
    @rule()
    def spend_the_coins_elsewhere(self) -> None:
        act(self.simulation, ("rob",))

    @rule(role=ROLES, kind=st.sampled_from(plans.MISPLACED), number=NUMBERS)
    def misplace(self, role: str, kind: str, number: int) -> None:
        act(self.simulation, ("misplaced", role, kind, number))

    @rule(socket_event=st.sampled_from(SocketEvent), cable_event=st.sampled_from(CableEvent))
    def let_an_illegal_event_leave_the_state_unchanged(
        self, socket_event: SocketEvent, cable_event: CableEvent
    ) -> None:
        socket, cable = self.simulation.socket_machine, self.simulation.cable_machine
        if socket is not None and (socket.state, socket_event) not in SOCKET_TABLE:
            before = (socket.state, socket.payments, socket.newest, socket.credit_mwh)
            assert not socket.context.fire(socket_event)
            assert (socket.state, socket.payments, socket.newest, socket.credit_mwh) == before
            assert not socket.context.take_effects()
        if cable is not None and (cable.state, cable_event) not in CABLE_TABLE:
            before_it = (cable.state, cable.payments, cable.credited_mwh)
            assert not cable.context.fire(cable_event)
            assert (cable.state, cable.payments, cable.credited_mwh) == before_it
            assert not cable.context.take_effects()

    @invariant()
    def nothing_is_broken(self) -> None:
        self.simulation.check()

    def teardown(self) -> None:
        if hasattr(self, "simulation"):
            finish(self.simulation, plans.ENDINGS[self.simulation.events % 2])


AdversarialPair.TestCase.settings = settings(max_examples=80, stateful_step_count=14)
TestAdversarialPair = AdversarialPair.TestCase


def test_a_campaign_of_random_plans_breaks_no_rule() -> None:
    campaign = in_memory(150, seed=3, processes=1)
    assert campaign.plans == 150
    assert {"settled", "refused", "expired", "robbed"} <= set(campaign.outcomes)


def test_a_plan_can_be_run_again_and_does_the_same() -> None:
    first, again = (run_plan(plan_of(5, 11), 11) for _ in range(2))
    assert plan_of(5, 11) == plan_of(5, 11) != plan_of(5, 12)
    assert (first[0].events, first[0].energy_wh, first[1]) == (again[0].events, again[0].energy_wh, again[1])


@pytest.mark.parametrize("mode", Mode)
def test_an_undisturbed_plan_settles_what_it_used(mode: Mode) -> None:
    simulation, outcomes = run_plan(Plan(mode, payments=3, actions=(("run", 11.0),)))
    assert outcomes == {"settled": 1}
    (account,) = simulation.auditor.accounts.values()
    assert account.paid == account.credited == 3
    assert len(account.on_ledger) == (1 if mode is Mode.SINGLE_FEE else 3)
    assert account.worth_mwh(3) <= account.delivered_mwh <= account.worth_mwh(3) + 100


# --- the auditor has teeth: each device below breaks one rule -------------------------------------------------------


def replace_everywhere(monkeypatch: pytest.MonkeyPatch, name: str, replacement: Check) -> None:
    """Replace a function wherever the protocol imported it."""
    found = [module for key, module in sys.modules.items() if key.startswith("hil.protocol.") and hasattr(module, name)]
    assert found
    for module in found:
        monkeypatch.setattr(module, name, replacement)


def run_cheated(role: str, name: str, amount: int = 77, mode: Mode = Mode.SINGLE_FEE) -> None:
    run_plan(Plan(mode, actions=(("cheat", role, name, amount), ("run", 11.0))))


@pytest.mark.parametrize("name", ["underpay", "pay a stranger", "pay stale"])
def test_a_socket_that_judges_no_payment_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    replace_everywhere(monkeypatch, "check_payment", lambda proposal, payment, coins: None)
    with pytest.raises(InvariantBroken, match="credited"):
        run_cheated("cable", name)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("demand more", "signs 2577 sat"), ("divert", "change goes to a stranger"), ("waste", "sat of fee")],
)
def test_a_cable_that_judges_no_proposal_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, complaint: str) -> None:
    replace_everywhere(monkeypatch, "check_proposal", lambda *arguments, **more: None)
    with pytest.raises(InvariantBroken, match=complaint):
        run_cheated("socket", name)


def test_a_socket_that_does_not_cut_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SocketMachine, "on_energy", lambda self, energy_mwh, now: [])
    with pytest.raises(InvariantBroken, match="2000 mWh paid for"):
        run_plan(Plan(payments=1, actions=(("run", 11.0),)))


def test_a_socket_that_credits_more_than_was_paid_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SocketContext, "credited_mwh", property(lambda self: 8000))
    with pytest.raises(InvariantBroken, match="credit is not what was paid for"):
        run_plan(Plan(actions=(("run", 11.0),)))


def test_a_socket_that_does_not_settle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SocketMachine, "on_settled", lambda self, *answer, **more: [])
    with pytest.raises(InvariantBroken, match="does not come to rest"):
        run_plan(Plan(actions=(("run", 11.0),)))


def test_a_contact_that_is_closed_at_the_wrong_time_is_noticed() -> None:
    simulation = Plan().start()
    simulation.closed = True
    with pytest.raises(InvariantBroken, match="closed without a session"):
        simulation.check()
    simulation.closed = False
    simulation.run_for(1.0)
    assert simulation.closed
    machine = simulation.socket_machine
    assert machine is not None
    machine.context.state = SocketState.AWAITING_PAYMENT
    with pytest.raises(InvariantBroken, match="closed in state awaiting payment"):
        simulation.check()


def test_a_broken_rule_names_the_plan_that_broke_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SocketContext, "credited_mwh", property(lambda self: 8000))
    with pytest.raises(CampaignFailed, match=r"plan \d+ of seed 1: InvariantBroken: .*\nPlan\("):
        in_memory(8, seed=1, processes=1)
