"""How soon a socket acted on what happened to the ledger, on made timelines."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hil.evidence.documents import Kind, Verdict
from hil.evidence.observations import EvidenceMissing, Source, Timed
from hil.protocol.codes import ErrorCode
from hil.scenario.check import within_time
from hil.scenario.measurements import ledger
from hil.scenario.stimuli.mains_plug_and_load import PLUG
from hil.tests.scenario.sessions import Session, signed
from hil.tests.scenario.timelines import Scene, Truth

S = Session()
RAW = signed(S, 1).serialize()
TXID = signed(S, 1).GetTxid()[::-1].hex()


def attacked(truth: Truth | None = None, at: float = 5.0) -> Scene:
    scene = Scene(truth, metered=truth is not None)
    scene.from_socket(0.2, S.offer())
    scene.from_cable(0.4, S.payment(1))
    scene.from_socket(0.5, S.receipt(1))
    scene.write(2.0, Kind.FAULT, "ledger", {"what": "an older attack", "who": "ledger"})
    scene.write(at, Kind.FAULT, "ledger", {"what": "a double spend", "who": "ledger"})
    scene.fault(at + 0.1, "link", "dead")
    return scene


def judged(found: Timed, limit: float) -> Verdict:
    return within_time("t", limit, lambda *_: found, Source.LEDGER).take(Scene(metered=False).observer).verdict


# --- reports --------------------------------------------------------------------------------------------------------


def test_the_first_error_with_this_code_after_the_newest_attack_counts() -> None:
    scene = attacked()
    scene.from_socket(3.0, S.error(ErrorCode.CONFLICT))
    scene.from_socket(5.2, S.error(ErrorCode.ALTERED))
    scene.from_cable(5.3, S.error(ErrorCode.CONFLICT))
    scene.from_socket(5.4, S.error(ErrorCode.CONFLICT))
    scene.from_socket(6.4, S.error(ErrorCode.CONFLICT))
    found = ledger.attack_to_report(scene.run(5.1).observer, "CONFLICT", 1.0)
    assert (round(found.low, 6), round(found.high, 6), found.began) == (0.4, 0.4, 5.0)


def test_a_report_that_does_not_come_is_watched_for_past_its_limit_and_fails() -> None:
    scene = attacked().run(5.1)
    found = ledger.attack_to_report(scene.observer, "CONFLICT", 10.0)
    assert scene.clock.now() == 17.0
    assert math.isinf(found.high)
    assert judged(found, 10.0) is Verdict.FAIL


def test_words_on_the_console_of_this_device_count_from_the_attack_on() -> None:
    scene = attacked()
    for t, source, text in (
        (4.0, "socket-console", "conflict seen"),
        (5.2, "cable-console", "conflict seen"),
        (5.3, "socket-console", "all is well"),
        (5.5, "socket-console", "a conflict seen"),
    ):
        scene.write(t, Kind.CONSOLE, source, {"text": text})
    observer = scene.run(9.0).observer
    assert ledger.attack_to_console(observer, "socket", "conflict", 1.0).high == 0.5
    assert judged(ledger.attack_to_console(observer, "socket", "nothing", 1.0), 1.0) is Verdict.FAIL


def test_what_a_device_says_at_the_instant_of_the_attack_answers_it() -> None:
    scene = attacked()
    scene.from_socket(5.0, S.error(ErrorCode.CONFLICT))
    scene.write(5.0, Kind.CONSOLE, "socket-console", {"text": "a conflict"})
    observer = scene.run(9.0).observer
    assert ledger.attack_to_report(observer, "CONFLICT", 1.0) == Timed(0.0, 0.0, 5.0)
    assert ledger.attack_to_console(observer, "socket", "conflict", 1.0) == Timed(0.0, 0.0, 5.0)


def test_words_that_come_while_the_console_is_watched_count() -> None:
    scene = attacked()
    scene.write(7.9, Kind.CONSOLE, "socket-console", {"text": "a conflict"})
    assert ledger.attack_to_console(scene.run(5.0).observer, "socket", "conflict", 1.0).high == pytest.approx(2.9)


def test_a_report_whose_limit_is_long_over_is_watched_for_a_little_longer() -> None:
    scene = attacked().run(30.0)
    assert ledger.attack_to_report(scene.observer, "CONFLICT", 10.0).low == 27.0
    assert scene.clock.now() == 32.0


def test_power_is_cut_after_the_newest_attack() -> None:
    found = ledger.attack_to_cut(attacked(Truth(((1.0, 5.3),))).run(6.0).observer, 0.5)
    assert found.low <= 0.3 <= found.high
    assert found.began == 5.0


def test_power_that_is_not_cut_after_an_attack_is_watched_for_past_its_limit() -> None:
    scene = attacked(Truth(((1.0, math.inf),))).run(5.0)
    assert judged(ledger.attack_to_cut(scene.observer, 3.0), 3.0) is Verdict.FAIL
    assert scene.clock.now() == 10.0


def test_a_ledger_to_which_nothing_happened_has_no_attack_to_count_from() -> None:
    with pytest.raises(EvidenceMissing, match=r"^nothing happened to the ledger in this scenario$"):
        ledger.attack_to_cut(Scene().run(1.0).observer, 1.0)


# --- payments that come to the ledger ---------------------------------------------------------------------------------


def test_a_payment_that_comes_back_is_found_by_looking_each_second() -> None:
    scene = attacked()
    scene.at(8.5, lambda: scene.ledger.take(RAW))
    found = ledger.relief_to_ledger(scene.run(5.5).observer, 30.0)
    assert found == Timed(2.5, 3.5, 5.0)


def test_a_payment_that_was_back_before_it_was_looked_for_came_at_some_time_since() -> None:
    scene = attacked()
    scene.at(8.5, lambda: scene.ledger.take(RAW))
    found = ledger.relief_to_ledger(scene.run(65.0).observer, 30.0)
    assert (found.low, found.high) == (0.0, 60.0)
    assert judged(found, 30.0) is Verdict.INCONCLUSIVE


def test_what_the_node_published_tells_when_a_payment_came_back() -> None:
    scene = attacked()
    scene.ledger.take(RAW)
    for t, change in ((1.0, "added"), (4.0, "removed"), (8.5, "added"), (9.0, "added")):
        scene.write(t, Kind.LEDGER, "ledger", {"change": change, "hash": TXID})
    found = ledger.relief_to_ledger(scene.run(65.0).observer, 30.0)
    assert found == Timed(3.5, 3.5, 5.0)


def test_a_payment_that_the_node_published_at_the_instant_of_the_relief_took_no_time() -> None:
    scene = attacked()
    scene.ledger.take(RAW)
    for t in (5.0, 9.0):
        scene.write(t, Kind.LEDGER, "ledger", {"change": "added", "hash": TXID})
    assert ledger.relief_to_ledger(scene.run(65.0).observer, 30.0) == Timed(0.0, 0.0, 5.0)


def test_a_payment_that_never_comes_back_fails() -> None:
    scene = attacked().run(6.0)
    found = ledger.relief_to_ledger(scene.observer, 30.0)
    assert found == Timed(32.0, math.inf, 5.0)
    assert judged(found, 30.0) is Verdict.FAIL
    assert scene.clock.now() == 37.0


def test_a_payment_that_comes_back_when_the_watch_ends_is_timed() -> None:
    scene = attacked()
    scene.at(36.5, lambda: scene.ledger.take(RAW))
    assert ledger.relief_to_ledger(scene.run(6.0).observer, 30.0) == Timed(31.0, 32.0, 5.0)


def unplugged(*published: tuple[float, str, str]) -> Timed:
    scene = attacked()
    scene.fault(6.0, PLUG, "cable pulled out of the socket")
    for t, change, identity in published:
        scene.write(t, Kind.LEDGER, "ledger", {"change": change, "hash": identity})
    return ledger.unplugged_to_settlement(scene.run(6.0).observer, 2.0)


def test_the_settlement_is_timed_by_what_the_node_published() -> None:
    found = unplugged((6.3, "added", "00" * 32), (6.4, "removed", TXID), (6.7, "added", TXID), (7.9, "added", TXID))
    assert (round(found.low, 6), round(found.high, 6), found.began) == (0.7, 0.7, 6.0)


def test_a_payment_that_was_published_before_the_plug_was_pulled_took_no_time() -> None:
    assert unplugged((1.0, "added", TXID), (6.7, "added", TXID)) == Timed(0.0, 0.0, 6.0)


def test_a_settlement_is_watched_for_as_long_as_its_limit_and_a_little_longer() -> None:
    scene = attacked()
    scene.fault(6.0, PLUG, "cable pulled out of the socket")
    assert ledger.unplugged_to_settlement(scene.run(6.0).observer, 20.0) == Timed(22.0, math.inf, 6.0)


def test_a_settlement_that_does_not_come_fails() -> None:
    assert judged(unplugged((6.3, "added", "00" * 32)), 2.0) is Verdict.FAIL


def test_a_plug_that_was_not_pulled_has_no_settlement_to_time() -> None:
    with pytest.raises(EvidenceMissing, match=r"^the plug was not pulled in this scenario$"):
        ledger.unplugged_to_settlement(attacked().run(6.0).observer, 2.0)


# --- settlements ----------------------------------------------------------------------------------------------------


def test_a_close_that_names_no_transaction_tells_that_nothing_was_settled() -> None:
    scene = attacked()
    scene.from_socket(3.0, S.close())
    told = ledger.settlement_told(scene.run(4.0).observer)
    assert told == "CLOSE APPLIANCE_FINISHED at 3.000 s names no transaction: the socket did not settle"


def test_without_a_close_the_settlement_is_still_to_be_tried() -> None:
    assert "no CLOSE came yet" in ledger.settlement_told(attacked().run(4.0).observer)


def test_of_what_was_settled_or_never_paid_nothing_is_told() -> None:
    scene = attacked()
    scene.from_socket(3.0, replace(S.close(), txid=TXID))
    assert ledger.settlement_told(scene.run(4.0).observer) == ""
    assert ledger.settlement_told(Scene(metered=False).run(1.0).observer) == ""
