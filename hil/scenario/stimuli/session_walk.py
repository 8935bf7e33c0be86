"""Brings a scenario to one payment of one session in one life of the device: where a defence is to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hil.errors import AuthorError
from hil.judge.messages import Offer, Receipt
from hil.scenario.plan import OTHER_CABLE, RESTARTED, TOASTER_W
from hil.scenario.stimuli.mains_plug_and_load import plug_in, pull_plug
from hil.scenario.stimuli.supply_and_link import interrupt_link, interrupt_supply

if TYPE_CHECKING:
    from hil.scenario.observer import Observer
    from hil.scenario.scenario import ScenarioRun

_BEGIN_S: Final = 120.0
"""Longest that a session may take to begin, and to its first payment, as `the first payment has been accepted`."""

_PAYMENT_S: Final = 3600.0
"""Longest from one payment to the next: at 2 W one of 8 Wh would last four hours."""

_SUPPLY_GAP_S: Final = 1.0
"""For the device to lose all that it had not written down."""

_SHORTEST_REST_S: Final = 3.0
"""For a socket to settle what it was paid before the cable comes back (SPEC, "Timers and limits": 2 s)."""


def too_short(rest_s: float) -> str:
    """Return why a cable cannot be plugged in again after so short a rest, ``""`` if it can."""
    if rest_s >= _SHORTEST_REST_S:
        return ""
    return f"a rest is at least {_SHORTEST_REST_S:g} s, for a session to be settled"


def come_to(scenario: ScenarioRun, session: int, payment: int, life: str, rest_s: float) -> None:
    """Let time pass until payment ``payment`` of session ``session`` is the next one.

    Each session before has one payment: the link is interrupted until that is used up, so that both go apart in peace.
    Before the session that counts, the cable lies beside the socket for ``rest_s``; with another cable, it is another
    one that is plugged in then. A restart comes last, with all payments before in the device's storage.

    :param life: one of :data:`hil.scenario.plan.LIVES`.
    :raises DeadlineExceeded: the device under test does not come that far.
    """
    observer = scenario.observer
    for number in range(1, session):
        _await_session(observer, number)
        _await_payment(observer, 1)
        interrupt_link(scenario, _used_up_in(scenario))
        observer.mine()
    pull_plug(scenario)
    observer.sleep(rest_s)
    observer.mine()
    if life == OTHER_CABLE:
        scenario.change_cable()
    plugged = observer.clock.now()
    plug_in(scenario)
    _await_offer(observer, plugged)
    for number in range(1, payment):
        _await_payment(observer, number)
    if life == RESTARTED:
        interrupt_supply(scenario, observer.the_device_under_test(), _SUPPLY_GAP_S)


def begin_to_cheat(scenario: ScenarioRun) -> None:
    """Let the counterpart cheat from now on; raises AuthorError if it is not one that was honest at first."""
    abuse = scenario.observer.abuse
    if abuse is None or not scenario.plan.honest_at_first:
        raise AuthorError(
            "the counterpart is not one that was honest at first",
            remedy="Say how it cheats, and 'Given the counterpart is honest at first'.",
        )
    abuse.dormant = False


def _used_up_in(scenario: ScenarioRun) -> float:
    """Return the seconds after which the one payment of the session is used up, with room."""
    only = scenario.observer.newest_valid_payment()
    bought_ws = 3600 * only.paid_sat / only.tariff_sat_per_wh
    return 1.1 * bought_ws / (scenario.plan.load_power_w or TOASTER_W) + _SHORTEST_REST_S


def _sessions(observer: Observer) -> Sequence[bytes]:
    """Return the ids of the sessions that were offered, in the order of their first offers."""
    return list(dict.fromkeys(offer.session for _, offer in observer.messages(Offer)))


def _await_session(observer: Observer, number: int) -> None:
    what = f"session number {number} of this scenario (OFFER)"
    observer.wait_for(lambda: len(_sessions(observer)) >= number, timeout=_BEGIN_S, what=what)


def _await_offer(observer: Observer, since: float) -> None:
    """Wait for an OFFER from then on: also of a session that a socket without a boot offered before, and forgot."""
    what = f"an OFFER after the cable was plugged in at {since:.3f} s"
    observer.wait_for(
        lambda: any(frame.t >= since for frame, _ in observer.messages(Offer)[-1:]), timeout=_BEGIN_S, what=what
    )


def _await_payment(observer: Observer, number: int) -> None:
    """Wait for the receipt of a payment of the session that was offered last."""
    session = observer.messages(Offer)[-1][1].session

    def accepted() -> bool:
        return any(each.n >= number for _, each in observer.messages(Receipt) if each.session == session)

    what = f"the receipt of payment number {number} in session {session.hex()}"
    observer.wait_for(accepted, timeout=_BEGIN_S if number == 1 else _PAYMENT_S, what=what)
