"""What the monitor is told of a scenario, and what becomes of a broken invariant."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.judge.frames import FrameFlaw, FrameReader
from hil.judge.invariants.history import Memory
from hil.judge.invariants.rules import CREDIT, Breach
from hil.judge.messages import Receipt
from hil.rig.recorder import LINK
from hil.scenario.measurements import invariants
from hil.scenario.stimuli.bench import SELF_TEST
from hil.scenario.stimuli.mains_plug_and_load import PLUG
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import CABLE_UNDER_TEST, PAIR, SOCKET_UNDER_TEST, Scene, Truth

S = Session()


def bought(setup: str = SOCKET_UNDER_TEST, credited_mwh: int = 4000) -> Scene:
    """Return a session in which one payment is made, and credited with so much."""
    scene = Scene(Truth(((2.0, 12.0),)), setup=setup)
    scene.from_cable(0.5, S.hello())
    scene.from_socket(0.6, S.offer())
    scene.from_cable(0.7, S.funding())
    scene.from_socket(0.8, S.request(1))
    scene.from_cable(0.9, S.payment(1))
    scene.from_socket(1.0, S.receipt(1, credited_mwh))
    return scene


def broken(scene: Scene) -> set[tuple[str, str]]:
    held = invariants.hold(scene.observer, Memory())
    return {(each.rule.id, each.side) for each in held.broken}


@pytest.mark.parametrize(
    ("setup", "sides"), [(SOCKET_UNDER_TEST, {"socket"}), (CABLE_UNDER_TEST, set()), (PAIR, {"socket"})]
)
def test_only_a_device_under_test_is_blamed(setup: str, sides: set[str]) -> None:
    found = broken(bought(setup, credited_mwh=4001).run(13.0))
    assert {side for rule, side in found if rule == "credit"} == sides


def test_a_receipt_for_what_was_paid_breaks_nothing_about_payments() -> None:
    assert {rule for rule, _ in broken(bought().run(13.0))} <= {"sequence"}  # these messages are not numbered


def test_the_history_holds_what_both_sides_sent_and_what_was_lost() -> None:
    scene = bought()
    scene.from_cable(3.0, S.payment(1), lost=True)
    history = invariants.history_of(scene.run(4.0).observer, Memory())
    assert [frame.name for frame in history.frames][:3] == ["HELLO", "OFFER", "FUNDING"]
    assert [frame.sender for frame in history.frames][:3] == ["cable", "socket", "cable"]
    assert [frame.lost for frame in history.frames] == [False] * 6 + [True]
    assert [(coin.txid, coin.value_sat) for coin in history.coins] == [("01" * 32, 1_000_000)]
    assert history.readings[-1].energy_wh > 0


def test_bytes_that_are_no_frame_are_judged_as_they_were() -> None:
    scene = Scene()
    ((flaw, raw),) = FrameReader().feed(b"\x05\x01\x00")
    scene.at(1.0, lambda: scene._log.on_frame("to cable", flaw, raw, lost=False))
    (frame,) = invariants.history_of(scene.run(2.0).observer, Memory()).frames
    assert isinstance(frame.item, FrameFlaw)
    assert frame.raw == b"\x05\x01\x00"
    assert broken(scene) == {("frame", "socket")}


@pytest.mark.parametrize(
    ("what", "fault", "tampers"),
    [
        ("METER to the socket altered", "altered", True),
        ("METER to the socket followed by a forgery", "followed by a forgery", True),
        ("METER to the socket dropped", "dropped", False),
        ("CLOSE forged to the socket: 00", None, True),
        ("RECEIPT said again to the cable", None, True),
        ("link dead for 3 s", None, False),
        ("link babbles to the socket for 3 s", None, False),
    ],
)
def test_a_link_that_lost_something_has_told_nobody_anything_false(what: str, fault: str | None, tampers: bool) -> None:
    scene = Scene()
    scene.fault(1.0, LINK, what, **({"fault": fault} if fault is not None else {}))
    history = invariants.history_of(scene.run(2.0).observer, Memory())
    assert history.struck_at == 1.0
    assert history.tampered_at == (1.0 if tampers else math.inf)


def test_supplies_mains_and_plug_disturb_and_the_contact_of_the_benchs_own_socket_does_not() -> None:
    for setup, both in ((SOCKET_UNDER_TEST, [1.0]), (CABLE_UNDER_TEST, [])):
        scene = Scene(setup=setup)
        scene.relay(1.0, "K1", closed=True)
        scene.relay(2.0, "K3", closed=True)
        scene.relay(3.0, "K4", closed=True)
        scene.fault(4.0, PLUG, "cable pulled out of the socket")
        history = invariants.history_of(scene.run(5.0).observer, Memory())
        assert sorted(set(history.switched["socket"])) == [*both, 2.0, 4.0]
        assert sorted(set(history.switched["cable"])) == [*both, 3.0, 4.0]
        assert history.restarted("socket", 1.5, 2.5)
        assert not history.restarted("socket", 2.5, 3.5)
        assert not history.undisturbed(2.5, 3.5)


def test_a_side_lives_anew_once_its_own_supply_was_off_and_is_on_again() -> None:
    scene = Scene()
    for t, closed in ((1.0, False), (2.0, True), (3.0, False), (3.5, False), (5.0, True), (8.0, False)):
        scene.relay(t, "K3", closed=closed)
    history = replace(invariants.history_of(scene.run(9.0).observer, Memory()), whole=True)
    assert history.cut == {"socket": [(3.0, 5.0), (8.0, math.inf)], "cable": []}
    assert history.was_cut("socket", 2.5, 6.0)
    assert not history.was_cut("socket", 2.5, 4.5)
    assert not history.was_cut("socket", 3.2, 7.0)
    assert not history.was_cut("socket", 7.5, 12.0)


def test_after_a_seeded_fault_no_meter_is_believed() -> None:
    scene = Scene()
    scene.fault(1.0, SELF_TEST, "socket meter drifts")
    assert invariants.history_of(scene.run(2.0).observer, Memory()).faulty_at == 1.0


def test_the_console_of_a_device_is_told() -> None:
    scene = Scene()
    scene.write(1.0, Kind.CONSOLE, "socket-console", {"text": "ready"})
    scene.write(1.5, Kind.CONSOLE, "socket-console", {"text": "sold"})
    scene.write(1.5, Kind.CONSOLE, "cable-console", {"text": "mine"})
    assert invariants.history_of(scene.run(2.0).observer, Memory()).consoles == {"socket": "ready\nsold"}


def test_a_broken_invariant_is_a_finding_that_fails_and_names_rule_party_and_frame() -> None:
    scene = bought(credited_mwh=4001).run(13.0)
    held = invariants.hold(scene.observer, Memory())
    breach = next(each for each in held.broken if each.rule is CREDIT)
    finding = invariants.finding_of(breach)
    assert finding.verdict is Verdict.FAIL
    assert finding.measurement.name.startswith("invariant credit (SPEC, Transactions) is broken by the socket")
    assert breach.frame is not None
    assert isinstance(breach.frame.item, Receipt)
    assert "RECEIPT to the cable at 1.000 s" in finding.detail
    assert breach.frame.raw.hex() in finding.detail
    assert held.document() == {"judged": 3, "broken": [each.rule.id for each in held.broken]}


def test_what_shows_by_no_message_names_no_frame() -> None:
    assert invariants.finding_of(Breach(CREDIT, "socket", "it tells")).detail.endswith("by the socket: it tells")
