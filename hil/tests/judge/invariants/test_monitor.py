"""Each invariant is noticed when it is broken, and no honest session breaks one."""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bitcoin.wallet import CBitcoinSecret
from cobs import cobs
from embit import bip39
from embit.bip32 import HDKey

import hil.protocol
from hil.judge.codes import ErrorCode, Mode
from hil.judge.invariants.accounts import ACCOUNT_PATH
from hil.judge.invariants.history import History, Memory, Reading
from hil.judge.invariants.monitor import judge
from hil.judge.invariants.rules import RANDOM, RULES
from hil.judge.messages import (
    Close,
    Coin,
    Error,
    Funding,
    Hello,
    Message,
    Meter,
    Offer,
    Payment,
    PaymentRequest,
    Receipt,
)
from hil.tests.judge.invariants.made import (
    LOST,
    P2PKH,
    PER_PAYMENT,
    SESSIONS,
    again,
    as_on_a_bench,
    changed,
    every,
    frame_of,
    history,
    nth,
    raw_at,
    renumbered,
    said,
    with_frames,
)

SPEC = (Path(hil.protocol.__file__).parent / "SPEC.md").read_text(encoding="utf-8")

DISHONEST = {
    "cable refuses: payment 2 asks for 1 sat more": {"proposal"},
    "socket refuses: payment 2 is 1 sat short": {"signed"},
    "the socket's meter is 4 % ahead: before it is a payment ahead another session begins": {"energy"},
    "UNSUITABLE: the cable means another ledger": {"network"},
}
"""Sessions of the vectors in which one side cheats or errs, and what the monitor must find."""

NOT_ON_A_BENCH = (
    "credit runs out while payment 2 is examined",  # a ledger that takes 3 s; on a bench 0.5 s count as no answer
    "PEER_SILENT: the socket sends neither request nor receipt",  # each receipt is lost, and METER is not
    "cable, paying: request good, for no receipt comes",
    "cable, paying: request declined, for no receipt comes",
)
"""Beginnings of the names of sessions with times that no bench has."""

HONEST = [name for name in SESSIONS if as_on_a_bench(name) and not str(name).startswith(NOT_ON_A_BENCH)]


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_session_breaks_nothing_and_a_cheat_is_found(name: str) -> None:
    # the ids of sessions in the vectors are counted, not random
    found = [each for each in judge(history(name, cheats=name in DISHONEST)) if each.rule is not RANDOM]
    assert {breach.rule.id for breach in found} == DISHONEST.get(name, set()), [str(each) for each in found]


@dataclass(frozen=True)
class Case:
    """One way to break a rule."""

    rule: str
    side: str
    kind: type[Message] | None
    break_it: Callable[[], History]
    says: str = ""


def _flipped() -> History:
    made = history()
    at = nth(made, Meter, 3, "socket")
    raw = made.frames[at].raw
    return raw_at(made, at, raw[:-3] + bytes([raw[-3] ^ 1 or 2]) + raw[-2:])


def _unsigned_long_form() -> History:
    made = history()
    at = nth(made, Meter, 2, "socket")
    session = made.frames[at].item.session  # type: ignore[union-attr]  # it is a METER
    payload = bytes.fromhex("840748") + session + bytes.fromhex("05") + bytes.fromhex("1a00000001")
    return raw_at(made, at, cobs.encode(payload + zlib.crc32(payload).to_bytes(4, "big")) + b"\0")


def _by_other_side() -> History:
    made = history()
    hello = made.frames[0].item
    return renumbered(with_frames(made, [*made.frames, said(50.0, "socket", hello)]))  # type: ignore[arg-type]


def _after_close() -> History:
    made = history()
    last = made.frames[nth(made, Close)]
    assert isinstance(last.item, Close)
    return renumbered(
        with_frames(made, [*made.frames, said(last.t + 2, "socket", Meter(last.item.session, 1, 16_002))])
    )


def _used_before() -> History:
    made = history()
    return replace(made, whole=False, memory=Memory({made.frames[0].item.session}))  # type: ignore[union-attr]


def _payee_again() -> History:
    made = history()
    offer = made.frames[nth(made, Offer)].item
    assert isinstance(offer, Offer)
    return replace(made, memory=Memory(set(), {offer.payee_script: b"another!"}))


def _other_session() -> History:
    made = history()
    at = nth(made, Meter, 4, "socket")
    return changed(made, at, session=b"strange!", sequence=1)


def _reversed_coins() -> History:
    made = history()
    at = nth(made, Funding)
    funding = made.frames[at].item
    assert isinstance(funding, Funding)
    given = replace(funding.coins[0], txid="12" + "01" * 31)
    turned = replace(given, txid=bytes.fromhex(given.txid)[::-1].hex())
    return replace(changed(made, at, coins=(turned,)), coins=[given], under_test=("cable",))


def _stranger_signs() -> History:
    made = history()
    at = nth(made, Payment)
    payment = made.frames[at].item
    assert isinstance(payment, Payment)
    raw = bytearray(payment.transaction)
    raw[-50 - 33] ^= 1
    return replace(changed(made, at, transaction=bytes(raw)), under_test=("cable",))


def _credits_unsigned() -> History:
    made = history()
    at = nth(made, Payment)
    request = made.frames[nth(made, PaymentRequest)].item
    assert isinstance(request, PaymentRequest)
    return replace(changed(made, at, transaction=request.transaction), under_test=("socket",))


def _cheap() -> History:
    """Let the socket build payment 1 with a fee that forgets the discount of witnesses."""
    made = history()
    at = nth(made, PaymentRequest)
    request = made.frames[at].item
    assert isinstance(request, PaymentRequest)
    change = (88_590).to_bytes(8, "little")
    assert change in request.transaction
    return changed(made, at, transaction=request.transaction.replace(change, (87_780).to_bytes(8, "little")))


def _power_before() -> History:
    made = history()
    start = [Reading(-0.1 + 0.0, 0.0, 0.0, 0.0)]
    return replace(
        made,
        frames=[replace(each, t=each.t + 30, early=each.early + 30, late=each.late + 30) for each in made.frames],
        readings=start + [Reading(step / 10, step / 10 + 0.1, 1300.0, 0.0) for step in range(50)],
    )


def _power_after() -> History:
    made = history()
    closed = made.frames[nth(made, Close)].t
    more = [Reading(closed + 2, closed + 2.1, 1300.0, made.readings[-1].energy_wh)]
    return replace(made, readings=[each for each in made.readings if each.late < closed + 1] + more)


def _more_flows() -> History:
    made = history()
    return replace(made, readings=[*made.readings, Reading(1e3, 1e3, 0.0, 17.2)])


def _overloaded(seconds: float = 4.0, power_w: float = 5000.0) -> History:
    made = history()
    first = nth(made, Payment)
    t, wh = made.frames[first].t, made.readings[-1].energy_wh
    more = [Reading(t + step / 10, t + step / 10 + 0.1, power_w, wh) for step in range(round(seconds * 10))]
    return replace(made, readings=[each for each in made.readings if each.late < t] + more)


@pytest.mark.parametrize(
    ("seconds", "power_w"),
    [(2.0, 5000.0), (60.0, 3680.0), (60.0, 3680.0 * 1.02)],
    ids=["as short as a socket needs to notice", "all that is sold", "within the class of its meter"],
)
def test_an_appliance_that_is_switched_off_in_time_or_draws_what_is_sold_breaks_nothing(
    seconds: float, power_w: float
) -> None:
    assert "overload" not in {each.rule.id for each in judge(_overloaded(seconds, power_w))}


def _early_hello() -> History:
    made = history()
    return renumbered(with_frames(made, [*made.frames, said(0.0005, "cable", made.frames[0].item)]))  # type: ignore[arg-type]


def _early_request() -> History:
    made = history()
    at = nth(made, PaymentRequest, 1)
    return again(made, at, 0.0005)


def _unasked_payment() -> History:
    made = history()
    return again(made, nth(made, Payment, 1), 1.0)


def _unasked_receipt() -> History:
    made = history()
    return again(made, nth(made, Receipt, 1), 1.0)


def _early_meter() -> History:
    made = history()
    return again(made, nth(made, Meter, 3, "socket"), 0.3)


def _early_funding() -> History:
    made = history()
    return again(made, nth(made, Funding), 0.01)


def _other_offer() -> History:
    made = history()
    hello = said(20.0, "cable", made.frames[0].item)  # type: ignore[arg-type]
    offer = made.frames[nth(made, Offer)].item
    other = said(20.1, "socket", replace(offer, max_payments=9))  # type: ignore[type-var, arg-type]
    return renumbered(with_frames(made, [*made.frames, hello, other]))


def _other_funding() -> History:
    made = history()
    return again(made, nth(made, Funding), 20.0, max_payments=3)


def _premature_request() -> History:
    made = history()
    return changed(made, nth(made, PaymentRequest, 2), energy_mwh=5_000)


def _premature_signature() -> History:
    return replace(_premature_request(), under_test=("cable",))


SEED = hashlib.sha256(b"a seed").digest()
KEY = HDKey.from_seed(SEED).derive(ACCOUNT_PATH).derive([0, 3])
ENCODINGS = {
    "hex": SEED.hex(),
    "HEX": SEED.hex().upper(),
    "reversed": SEED[::-1].hex(),
    "base64": base64.b64encode(b"x" + SEED + b"y").decode(),
    "base64url": base64.urlsafe_b64encode(SEED).decode(),
    "key": KEY.key.secret.hex(),
    "WIF": str(CBitcoinSecret.from_secret_bytes(KEY.key.secret)),
    "xprv": HDKey.from_seed(SEED).to_base58(),
    "tprv": HDKey.from_seed(SEED).derive(ACCOUNT_PATH).to_base58(bytes.fromhex("04358394")),
    "words": bip39.mnemonic_from_bytes(SEED),
    "numbered words": " ".join(f"{n}. {word}" for n, word in enumerate(bip39.mnemonic_from_bytes(SEED).split(), 1)),
}


def _told_raw() -> History:
    made = replace(history(), accounts={"socket": SEED, "cable": SEED})
    at = nth(made, Payment)
    payment = made.frames[at].item
    assert isinstance(payment, Payment)
    return replace(changed(made, at, transaction=payment.transaction[:20] + SEED), under_test=("cable",))


CASES = (
    Case("frame", "socket", None, _flipped, "CRC"),
    Case("layout", "socket", None, _unsigned_long_form, "shortest"),
    Case("side", "socket", Hello, _by_other_side, "HELLO"),
    Case("sequence", "socket", Meter, lambda: changed(history(), nth(history(), Meter, 2, "socket"), sequence=1)),
    Case("sequence", "cable", Hello, lambda: changed(history(), 0, sequence=3), "number 3"),
    Case("closed", "socket", Meter, _after_close, "closed at"),
    Case("session-fresh", "cable", Hello, _used_before, "used before"),
    Case("session-known", "socket", Meter, _other_session, "no HELLO"),
    Case(
        "mode", "socket", Offer, lambda: every(history(), "cable", lambda m: _only(m, Mode.PER_PAYMENT)), "single-fee"
    ),
    Case("same-offer", "socket", Offer, _other_offer),
    Case("same-funding", "cable", Funding, _other_funding),
    Case("payee-fresh", "socket", Offer, _payee_again, "again"),
    Case(
        "payee-fresh",
        "socket",
        Offer,
        lambda: changed(history(), nth(history(), Offer), payee_script=b"\x51"),
        "neither P2WPKH nor P2PKH",
    ),
    Case("coins", "cable", Funding, _reversed_coins, "reversed"),
    Case("coins", "cable", Funding, lambda: replace(history(), coins=[Coin("77" * 32, 0, 1, b"")]), "never given"),
    Case("repeat-hello", "cable", Hello, _early_hello),
    Case("repeat-funding", "cable", Funding, _early_funding),
    Case("repeat-request", "socket", PaymentRequest, _early_request),
    Case("repeat-payment", "cable", Payment, _unasked_payment),
    Case("repeat-receipt", "socket", Receipt, _unasked_receipt),
    Case("repeat-meter", "socket", Meter, _early_meter),
    Case("proposal", "socket", PaymentRequest, _cheap, "87780 sat"),
    Case("payment-order", "socket", PaymentRequest, lambda: changed(history(), nth(history(), PaymentRequest), n=2)),
    Case("payment-order", "cable", Payment, lambda: changed(history(), nth(history(), Payment), n=2)),
    Case("premature", "socket", PaymentRequest, _premature_request, "3000 mWh"),
    Case("premature", "cable", Payment, _premature_signature, "3000 mWh"),
    Case("signature", "cable", Payment, _stranger_signs, "input 0"),
    Case("credited", "socket", Receipt, _credits_unsigned, "signature"),
    Case("credit", "socket", Receipt, lambda: changed(history(), nth(history(), Receipt), credited_mwh=8001), "8001"),
    Case(
        "settled-txid",
        "socket",
        Close,
        lambda: changed(history(), nth(history(), Close), txid=_turned(history())),
        "reversed",
    ),
    Case("energy", "socket", Meter, lambda: every(history(), "socket", lambda m: _scaled(m, 1000)), "at most"),
    Case("energy", "socket", Meter, lambda: every(history(), "socket", lambda m: _scaled(m, 0.001)), "at least"),
    Case("energy", "cable", None, lambda: every(history(), "cable", lambda m: _scaled(m, 2)), "at most"),
    Case("contact", "socket", None, _power_before, "1300.0 W"),
    Case("contact", "socket", Close, _power_after, "1300.0 W"),
    Case("unpaid", "socket", Receipt, _more_flows, "17.200 Wh"),
    Case("overload", "socket", Meter, _overloaded, "5000.0 W"),
    Case("secret", "cable", Payment, _told_raw, "seed"),
)


def _only(message: Message, mode: Mode) -> Message:
    return replace(message, modes=(mode,)) if isinstance(message, Hello) else message


def _turned(made: History) -> str:
    close = made.frames[nth(made, Close)].item
    assert isinstance(close, Close)
    return bytes.fromhex(close.txid)[::-1].hex()


def _scaled(message: Message, factor: float) -> Message:
    if isinstance(message, Meter | Close):
        return replace(message, energy_mwh=int(message.energy_mwh * factor))
    return message


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} by the {case.side}, {case.says}")
def test_a_broken_rule_is_named_with_the_party_and_the_frame(case: Case) -> None:
    found = [each for each in judge(case.break_it()) if (each.rule.id, each.side) == (case.rule, case.side)]
    assert len(found) == 1, [str(each) for each in judge(case.break_it())]
    assert case.says in found[0].what
    if case.kind is not None:
        frame = found[0].frame
        assert frame is not None
        assert isinstance(frame.item, case.kind)
        assert frame.raw.hex() in str(found[0])
        assert f"{frame.name} to the" in found[0].short


def test_each_rule_has_a_case_that_breaks_it() -> None:
    assert {rule.id for rule in RULES} - {case.rule for case in CASES} == {
        "signed",  # see DISHONEST
        "no-answer",  # see test_strangers.py
        "offer",  # see test_sold.py
        "repeat-offer",  # see test_answers.py
        "silent-peer",
        "close-reason",  # see test_reasons.py
        "error-code",
        "call-again",
        "budget",  # see test_origins.py
        "change-fresh",
        "over",  # see test_endings.py
        "coins-left",
        "session-kept",
        "session-random",  # see test_origins.py
        "network",
        "keys",
        "refused",  # see test_refusals.py
        "dropped",
    }


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_on_the_console_is_found_in_each_encoding(encoding: str) -> None:
    made = replace(history(), accounts={"socket": SEED}, consoles={"socket": f"ready; {ENCODINGS[encoding]} is mine"})
    assert [breach.rule.id for breach in judge(made)] == ["secret"]


def test_a_console_that_tells_addresses_and_public_keys_tells_no_secret() -> None:
    public = HDKey.from_seed(SEED).derive(ACCOUNT_PATH).to_public().to_base58()
    words = " ".join(bip39.mnemonic_from_bytes(hashlib.sha256(b"other").digest()).split())
    made = replace(
        history(), accounts={"socket": SEED}, consoles={"socket": f"{public} {KEY.get_public_key()} {words}"}
    )
    assert judge(made) == []


# --- what a rule leaves alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} by the {case.side}, {case.says}")
def test_what_the_bench_played_is_not_judged(case: Case) -> None:
    other = "cable" if case.side == "socket" else "socket"
    found = judge(replace(case.break_it(), under_test=(other,)))
    assert not [each for each in found if each.side == case.side]


def test_a_proposal_after_somebody_changed_messages_is_not_judged() -> None:
    assert judge(replace(_cheap(), tampered_at=0.001, under_test=("socket",))) == []


def test_energy_after_a_fault_of_a_meter_is_not_judged() -> None:
    made = every(history(), "socket", lambda message: _scaled(message, 2))
    assert judge(replace(made, faulty_at=0.0)) == []


def test_a_frame_that_a_supply_tore_is_not_judged_and_the_one_after_it_is() -> None:
    made = _flipped()
    at = next(number for number, each in enumerate(made.frames) if each.name == "-")
    cut = made.frames[at].t - 0.01
    assert "frame" not in {breach.rule.id for breach in judge(replace(made, disturbed=[cut]))}
    twice = with_frames(made, [*made.frames, replace(made.frames[at], t=made.frames[at].t + 0.1)])
    assert "frame" in {breach.rule.id for breach in judge(replace(twice, disturbed=[cut]))}


def _restarted(step: int) -> History:
    made = history()
    at = nth(made, Meter, 4, "socket")
    since = made.frames[at].t
    assert isinstance(made.frames[at].item, Meter)

    def later(message: Message) -> Message:
        return replace(message, sequence=message.sequence + step)

    frames = [
        said(each.t, each.sender, later(each.item)) if each.sender == "socket" and each.t >= since else each  # type: ignore[arg-type]
        for each in made.frames
    ]
    return replace(made, frames=frames)


def test_a_restart_counts_on_and_a_gap_without_one_is_no_restart() -> None:
    assert judge(_restarted(65_536)) == []
    assert [breach.rule.id for breach in judge(_restarted(1))] == ["sequence"]
    cut = {"socket": [4.0]}
    assert judge(replace(_restarted(1), switched=cut, disturbed=[4.0])) == []
    assert [breach.rule.id for breach in judge(replace(_restarted(-3), switched=cut, disturbed=[4.0]))] == ["sequence"]


def test_an_error_about_a_session_that_it_does_not_have_has_no_number() -> None:
    made = history()
    error = said(30.0, "socket", Error(b"strange!", 0, ErrorCode.UNKNOWN_SESSION, "no such session"))
    assert judge(with_frames(made, [*made.frames, error])) == []


def test_the_first_breach_of_a_rule_stands_for_all() -> None:
    made = every(history(), "socket", lambda message: _scaled(message, 1000))
    assert len([breach for breach in judge(made) if breach.rule.id == "energy"]) == 1


def test_payments_from_a_chain_of_changes_are_rebuilt() -> None:
    for name in (PER_PAYMENT, P2PKH):
        made = history(name)
        at = nth(made, PaymentRequest, 2)
        first = made.frames[nth(made, PaymentRequest, 1)].item
        assert isinstance(first, PaymentRequest)
        found = judge(replace(changed(made, at, transaction=first.transaction), under_test=("socket",)))
        assert "proposal" in {breach.rule.id for breach in found}


def test_a_link_that_lost_messages_excuses_no_number_and_no_proposal() -> None:
    made = history(LOST)
    assert made.struck_at < math.inf
    at = nth(made, Receipt, 1)
    assert [b.rule.id for b in judge(changed(made, at, sequence=1))] == ["sequence"]


def test_a_frame_without_bytes_is_a_bad_frame() -> None:
    made = history()
    frames = [*made.frames, frame_of(20.0, "cable", b"\x05\x01\x00")]
    assert "frame" in {breach.rule.id for breach in judge(with_frames(made, frames))}


def test_each_rule_names_a_chapter_of_the_specification() -> None:
    headings = [line.lstrip("# ") for line in SPEC.splitlines() if line.startswith("#")]
    for rule in RULES:
        assert any(heading == rule.chapter or heading.startswith(f"{rule.chapter} (") for heading in headings), rule
    assert len({rule.id for rule in RULES}) == len(RULES)
