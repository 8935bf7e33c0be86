"""Where session ids, addresses and numbers of an offer come from, and what a restart must not make of the energy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from embit.bip32 import HDKey
from embit.hashes import hash160

from hil.judge.codes import Network
from hil.judge.invariants.accounts import ACCOUNT_PATH, MAINNET_PATH
from hil.judge.invariants.history import Frame, History
from hil.judge.invariants.monitor import judge
from hil.judge.messages import Funding, Hello, Meter, Offer, Payment, Receipt
from hil.tests.judge.invariants.made import changed, every, history, nth, renumbered, said, with_frames

SEED = hashlib.sha256(b"an account").digest()


def broken(made: History) -> list[tuple[str, str]]:
    return [(each.rule.id, each.side) for each in judge(made)]


def script(path: str) -> bytes:
    return b"\x00\x14" + bytes(hash160(HDKey.from_seed(SEED).derive(path).key.get_public_key().sec()))


def calling_under(ids: Sequence[bytes]) -> History:
    hello = history().frames[0].item
    assert isinstance(hello, Hello)
    return replace(
        with_frames(
            history(), [said(15.0 * turn, "cable", replace(hello, session=each)) for turn, each in enumerate(ids)]
        ),
        under_test=("cable",),
        readings=(),
    )


def random_of(made: History) -> list[str]:
    return [rule for rule, _ in broken(made) if rule == "session-random"]


@pytest.mark.parametrize(
    "ids",
    [
        [bytes.fromhex("8a17000000000000")],
        [bytes.fromhex("5a1f8d2290c3e700"), bytes.fromhex("5a1f8d2290c3e701")],
        [bytes([40, *hashlib.sha256(bytes([turn])).digest()[:7]]) for turn in range(7)],
    ],
    ids=["two bytes and zeros", "a count", "one byte is always the same"],
)
def test_session_ids_that_are_not_random_are_found(ids: Sequence[bytes]) -> None:
    assert random_of(calling_under(ids)) == ["session-random"]


def test_random_session_ids_break_nothing() -> None:
    assert random_of(calling_under([hashlib.sha256(bytes([turn])).digest()[:8] for turn in range(40)])) == []


def test_a_call_on_another_network_is_found() -> None:
    found = judge(replace(changed(history(), 0, network=Network.SIGNET), under_test=("cable",)))
    assert [(each.rule.id, each.side) for each in found] == [("network", "cable")]
    assert "SIGNET" in found[0].what


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"{ACCOUNT_PATH}/0/7", []),
        (f"{ACCOUNT_PATH}/1/0", [("keys", "socket")]),
        (f"{MAINNET_PATH}/0/0", [("keys", "socket")]),
        ("m/44h/1h/0h/0/0", [("keys", "socket")]),
        ("m/84h/1h/7h/0/0", []),
    ],
    ids=["its own", "of the change", "of mainnet", "of another purpose", "from elsewhere"],
)
def test_a_payee_of_the_account_is_of_the_receiving_chain(path: str, found: list[tuple[str, str]]) -> None:
    made = changed(replace(history(), accounts={"socket": SEED}), nth(history(), Offer), payee_script=script(path))
    assert [each for each in broken(made) if each[0] == "keys"] == found


def test_a_change_script_of_the_receiving_chain_is_found_with_its_path() -> None:
    made = replace(history(), accounts={"cable": SEED})
    made = changed(made, nth(made, Funding), change_script=script(f"{ACCOUNT_PATH}/0/2"))
    found = [each for each in judge(made) if each.rule.id == "keys"]
    assert [each.side for each in found] == ["cable"]
    assert f"{ACCOUNT_PATH}/0/2" in found[0].what


def restarted(told_mwh: int) -> History:
    """Return a session whose cable tells 6 Wh, pays a second time, restarts, and then tells ``told_mwh``."""
    made = history()
    paid, told = made.frames[nth(made, Payment, 2)], made.frames[nth(made, Meter, 1, "cable")]
    assert isinstance(told.item, Meter)
    before = said(paid.t - 0.5, "cable", replace(told.item, energy_mwh=6000))
    made = renumbered(with_frames(made, [*made.frames, before]))
    made = replace(made, switched={"cable": [8.0], "socket": []}, disturbed=[8.0], under_test=("cable",))
    return changed(made, nth(made, Meter, 2, "cable"), energy_mwh=told_mwh)


def test_a_cable_that_restarts_may_forget_what_flowed_since_it_paid_and_nothing_before() -> None:
    assert "energy" not in {rule for rule, _ in broken(restarted(6000))}
    assert ("energy", "cable") in broken(restarted(5999))


def test_a_payment_that_is_said_again_writes_nothing_down() -> None:
    made = restarted(5000)
    first = made.frames[nth(made, Payment, 1)].item
    assert isinstance(first, Payment)
    made = changed(made, nth(made, Payment, 2), n=1, transaction=first.transaction)
    assert ("energy", "cable") not in broken(made)


def test_honest_sessions_break_none_of_these_rules() -> None:
    assert broken(every(history(), "cable", lambda message: message)) == []


def next_session(change: bytes | None = None) -> History:
    """Return a session after which the cable is switched off and on, and declares coins in another one."""
    made = history()
    funding, end = made.frames[nth(made, Funding)].item, made.frames[-1].t
    assert isinstance(funding, Funding)
    later = replace(funding, session=b"another!", change_script=change or funding.change_script)
    made = with_frames(made, [*made.frames, said(end + 30, "cable", later)])
    return replace(made, cut={"cable": [(end + 10, end + 11)]}, disturbed=[end + 10])


def test_a_change_script_of_before_a_power_on_is_found_in_a_session_after_it() -> None:
    (breach,) = [each for each in judge(next_session()) if each.rule.id == "change-fresh"]
    assert breach.side == "cable"
    assert "before its last power-on" in breach.what
    fresh = next_session(b"\x00\x14" + bytes(20))
    same_life = replace(next_session(), cut={})
    assert [each for each in (*judge(fresh), *judge(same_life)) if each.rule.id == "change-fresh"] == []


@pytest.mark.parametrize(("too_many", "restarts", "found"), [(0, False, 0), (1, False, 1), (1, True, 0)])
def test_the_budget_of_a_session_is_what_those_before_it_left(too_many: int, restarts: bool, found: int) -> None:
    made = next_session(b"\x00\x14" + bytes(20))
    funding = made.frames[-1].item
    assert isinstance(funding, Funding)
    signed = max(each.item.n for each in made.frames if isinstance(each.item, Payment))
    made = changed(made, len(made.frames) - 1, max_payments=funding.max_payments - signed + too_many)
    made = replace(made, disturbed=made.disturbed if restarts else [], cut={})
    breaches = [each for each in judge(made) if each.rule.id == "budget"]
    assert len(breaches) == found
    assert all(f"signed {signed} payments" in each.what for each in breaches)


def later(frame: Frame, seconds: float) -> Frame:
    return replace(frame, t=frame.t + seconds, early=frame.early + seconds, late=frame.late + seconds)


@pytest.mark.parametrize("side", ["socket", "cable"])
def test_a_side_that_restarts_counts_on_far_beyond_what_it_had_said(side: str) -> None:
    made = history()
    at = nth(made, Receipt if side == "socket" else Payment, 2)
    off = made.frames[at - 1].late
    made = with_frames(made, [*made.frames[:at], *(later(each, 30) for each in made.frames[at:])])
    cut = replace(made, cut={side: [(off, off + 1)]}, under_test=(side,))
    (breach,) = [each for each in judge(cut) if each.rule.id == "sequence"]
    assert "after a restart, which adds 65536" in breach.what
    assert [each for each in judge(replace(cut, whole=False)) if each.rule.id == "sequence"] == []


@pytest.mark.parametrize("side", ["socket", "cable"])
@pytest.mark.parametrize("on_again_s", [0.3, math.inf])
def test_what_a_side_said_before_it_was_switched_off_may_arrive_after_that(side: str, on_again_s: float) -> None:
    made = history()
    arrived = made.frames[nth(made, Receipt if side == "socket" else Payment, 2)]
    off = arrived.early - 0.5
    cut = replace(made, cut={side: [(off, off + on_again_s)]}, disturbed=[off], under_test=(side,))
    assert [each for each in judge(cut) if each.rule.id == "sequence"] == []
