"""Every row of the catalogue against the honest device, as a pair in memory: its answer, its time, its loss."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hil import yaml_file
from hil.errors import ConfigurationError
from hil.links.abuses.catalogue import TRICKS, AbuseCatalogue, AbuseRow, Must, catalogue
from hil.protocol.wire.messages import Close, Error, Payment, Receipt
from hil.tests.links.abuse_bench import AbuseBench

ROWS = [(row, mode) for row in catalogue().values() if row.executable for mode in row.modes]
FEATURES = Path(__file__).parents[4] / "features" / "abuse"
BEFORE_S = 100.0
"""By then every abuse has struck: the first top-up comes after 17 s, a session under a used id 5 s later, and 5 % are
more than two meters can differ by after 80 s."""
METER_MWH = 1.0
"""Meters in memory count whole milliwatt-hours."""


@pytest.mark.parametrize(("row", "mode"), ROWS, ids=[f"{row.who}-{row.id}-{mode}" for row, mode in ROWS])
def test_the_honest_side_answers_as_the_catalogue_demands_and_loses_no_more(row: AbuseRow, mode: str) -> None:
    bench = AbuseBench(row, mode)
    bench.clock.wait_for(lambda: bench.struck_at or None, timeout=BEFORE_S, what=f"{row.id} to strike")
    struck = bench.struck_at[0]
    paid = _newest(bench, struck)
    bench.clock.sleep(row.within_s + 1.0)
    answered = _answered_at(bench, struck, paid)
    if row.must is Must.HOLD:
        assert _newest(bench, bench.now) == paid
    else:
        assert answered is not None, f"heard {[each.message for each in bench.from_device if each.t >= struck]}"
        assert answered - struck <= row.within_s
    if row.must in {Must.REFUSE, Must.TURN_AWAY, Must.CLOSE}:
        assert not bench.closed
    if row.must is Must.REFUSE and row.device == "socket":
        assert bench.opened_at is not None
        assert bench.opened_at - struck <= row.within_s
    if row.must in {Must.OBJECT, Must.GO_ON}:
        _assert_payment_goes_on(bench, struck, paid)
    if row.loses_mwh is not None:
        assert bench.unpaid_mwh() <= row.loses_mwh + METER_MWH
    if row.loses_sat is not None:
        assert bench.lost_sat() <= row.loses_sat + METER_MWH * 1.25


def _answered_at(bench: AbuseBench, struck: float, paid: int) -> float | None:
    after = [each for each in bench.from_device if each.t >= struck]
    for each in after:
        message = each.message
        if bench.row.must is Must.GO_ON:
            kind = Receipt if bench.row.device == "socket" else Payment
            if isinstance(message, kind) and message.n > paid:
                return each.t
        elif (isinstance(message, Close) and message.reason.name in bench.row.codes) or (
            isinstance(message, Error) and message.code.name in bench.row.codes
        ):
            return each.t
    return None


def _newest(bench: AbuseBench, until: float) -> int:
    """Number of the newest payment that was credited, or signed, by the device under test."""
    kind = Receipt if bench.row.device == "socket" else Payment
    numbers = [each.message.n for each in bench.from_device if isinstance(each.message, kind) and each.t <= until]
    return max(numbers, default=0)


def _assert_payment_goes_on(bench: AbuseBench, struck: float, paid: int) -> None:
    if bench.row.must is Must.OBJECT:
        bench.clock.sleep(5.0)
    assert _newest(bench, bench.now) > paid
    assert not [each for each in bench.from_device if each.t >= struck and isinstance(each.message, Close)]


RESEARCH = {
    "underpayment by 1 sat": "underpay-one-satoshi overcharge-one-satoshi",
    "another payee address": "pay-a-stranger switch-the-payee",
    "change to a stranger": "send-the-change-to-a-stranger divert-the-change",
    "sighash NONE": "sign-none sign-none-anyone-can-pay",
    "sighash SINGLE": "sign-single sign-single-anyone-can-pay",
    "any ANYONECANPAY": "sign-all-anyone-can-pay",
    "child of an unconfirmed transaction": "spend-unconfirmed-change declare-an-unconfirmed-coin",
    "RBF signal": "signal-replacement propose-replacement",
    "higher-fee conflict": "spend-the-coin-while-delivering",
    "nLockTime with final sequence": "lock-without-effect",
    "versions 1/3": "use-version-one use-version-three propose-version-one propose-version-three",
    "P2SH outputs": "pay-a-script-hash offer-a-script-hash",
    "future-witness outputs": "pay-a-future-witness",
    "absurd fee": "pay-an-absurd-fee raise-the-fee offer-an-absurd-fee-rate",
    "nonexistent or spent input": "declare-a-nonexistent-coin declare-a-spent-coin add-a-nonexistent-input",
    "resend": "broadcast-the-payment-before broadcast-the-payment-first",
    "cheaper conflict": "conflict-too-cheaply",
    "older state": "repeat-an-older-state propose-an-older-state",
    "low fee": "pay-too-low-a-fee lower-the-fee",
    "dust": "add-a-dust-output offer-a-quantum-of-dust",
    "bad signature": "flip-a-signature-bit",
    "high-S signature": "sign-with-high-s",
    "padded signature": "pad-the-signature",
    "wrong amount": "sign-for-another-amount",
    "stripped witness": "strip-the-witness",
    "non-final": "lock-by-height propose-a-lock-by-height",
    "non-BIP68-final": "lock-by-age",
    "non-standard scripts": "pay-a-nonstandard-script offer-a-nonstandard-script",
    "tx-size": "bloat-the-transaction send-an-oversize-transaction",
    "duplicate inputs": "repeat-an-input propose-an-input-twice declare-a-coin-twice",
    "negative outputs": "pay-a-negative-amount propose-a-negative-amount",
    "empty outputs": "send-no-outputs propose-no-outputs",
    "premature coinbase": "spend-a-coinbase",
    "26th chained transaction": "chain-too-many-payments",
    "pinning by a large child": "pin-the-payment",
    "evicted": "be-evicted",
    "wrong network": "call-on-the-wrong-network",
    "replayed older state": "repeat-an-older-state propose-an-older-state",
    "amount that goes down": "repeat-an-older-state propose-an-older-state",
    "change that falls under dust in mid-session": "let-the-change-fall-under-dust",
    "session id reuse": "reuse-the-session-id",
    "one coin offered to two sockets": "offer-one-coin-to-two-sockets",
    "crash between signing and delivery": "crash-before-delivering",
    "cable pulled": "pull-the-cable fall-silent",
    "late or missing broadcast": "never-broadcast broadcast-late",
    "reorganisation after release": "reorganise-the-chain",
}
"""The rows of research/bitcoin.md, "Abuse catalogue", in their order, and the rows of the catalogue for each."""


@pytest.mark.parametrize("words", RESEARCH)
def test_every_abuse_that_the_research_lists_has_a_row_that_names_it(words: str) -> None:
    for abuse in RESEARCH[words].split():
        assert abuse in catalogue()
    assert any(words.split(" ", 1)[0] in catalogue()[abuse].source for abuse in RESEARCH[words].split())


@pytest.mark.parametrize("who", ["cable", "socket"])
def test_every_row_that_can_be_carried_out_stands_in_the_feature_of_its_side(who: str) -> None:
    text = (FEATURES / f"{who}-cheats.feature").read_text(encoding="utf-8")
    shown = {tuple(cell.strip() for cell in line.strip("| ").split("|")) for line in text.splitlines() if "|" in line}
    rows = {(row.id, row.mode) for row in catalogue().values() if row.who == who and row.executable}
    assert shown - {("abuse", "mode")} == rows


def test_every_trick_is_used_by_a_row() -> None:
    used = {(row.who, row.trick) for row in catalogue().values()}
    idle = {(who, trick) for who, tricks in TRICKS.items() for trick in tricks} - used
    # alterations and line tricks are there for both sides; what one has no row for, the other has
    assert all((other, trick) in used for who, trick in idle for other in {"cable", "socket"} - {who})


def test_the_catalogue_says_of_each_row_what_it_takes() -> None:
    for row in catalogue().values():
        assert (row.loses_mwh is None) is (row.who == "socket")
        assert (row.loses_sat is None) is (row.who == "cable")
        assert row.source
        assert row.executable or row.note
        assert row.within_s > 0


def test_a_bench_in_memory_finds_an_answer_that_the_catalogue_does_not_demand() -> None:
    row = catalogue()["underpay-one-satoshi"].model_copy(update={"codes": ("OVERPAID",)})
    bench = AbuseBench(row, "single-fee")
    bench.clock.sleep(BEFORE_S)
    assert bench.struck_at
    assert _answered_at(bench, bench.struck_at[0], 1) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": ["NO_CODE"]}, "no code of its kind"),
        ({"codes": []}, "do not go together"),
        ({"trick": "steal"}, "'steal' is no trick of a cable"),
        ({"trick": ""}, "needs the chain or the bench"),
        ({"modes": ["barter"]}, "modes are"),
        ({"needs": "chain", "trick": ""}, "a note that says why"),
        ({"witin_s": 3}, "witin_s"),
    ],
)
def test_a_row_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    row = {"id": "x", "who": "cable", "how": "x", "source": "x", "trick": "pay-less", "codes": ["UNDERPAID"]}
    with pytest.raises(ValidationError, match=message):
        AbuseRow.model_validate(row | changes)


def test_every_mistake_in_the_file_is_told_with_its_place() -> None:
    text = (
        "cable:\n"
        "  - {id: steal, how: x, source: x, trick: steal, codes: [UNDERPAID]}\n"
        "  - {id: pay-less, how: x, source: x, trick: pay-less, must: refuze, codes: [UNDERPAID]}\n"
        "  - 7\n"
        "socket: []\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        yaml_file.build(AbuseCatalogue, yaml_file.parse(text, "x.yaml"), "x.yaml")
    first, second, third = str(caught.value).splitlines()

    assert first == "x.yaml:2:5: cable.0: steal: 'steal' is no trick of a cable"
    assert second.startswith("x.yaml:3:56: cable.1.must: 'refuze' is not known; known: close, go-on, ")
    assert second.endswith("Did you mean 'refuse'?")
    assert third.startswith("x.yaml:4:5: cable.2: ")
