"""Rules on what must be new, or the same, or less: session ids, payees, offers, declared coins, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hil.judge.codes import ErrorCode, Network
from hil.judge.invariants.history import Frame, History
from hil.judge.invariants.rules import (
    BUDGET,
    CHANGE,
    COINS,
    FRESH,
    KNOWN,
    MODE,
    NETWORK,
    NO_ANSWER,
    PAYEE,
    RANDOM,
    SAME_FUNDING,
    SAME_OFFER,
    SOLD,
    Breach,
    Rule,
)
from hil.judge.messages import MOST_UINT32, Close, Coin, Error, Funding, Hello, Offer, Payment, Sent
from hil.judge.transactions import NoTransaction, parse, txid_of, type_of

ANSWERED_S = 2.0
"""SPEC, `reply_s`: each question is answered within this time."""

ALIKE = 6
"""So many bytes that ids have in common are no chance: 50 bits."""


def breaches(history: History) -> Iterator[Breach]:
    """Yield what breaks one of these rules; remember what later scenarios must not see again."""
    yield from _fresh(history, history.judged("cable"))
    yield from _random(history.judged("cable"))
    yield from _network(history.judged("cable"))
    yield from _known(history, history.judged("socket"))
    yield from _sold(history, history.judged("socket"))
    yield from _answered(history, history.judged("socket"))
    yield from _payees(history, history.judged("socket"))
    yield from _same(history, "socket", Offer, SAME_OFFER)
    yield from _same(history, "cable", Funding, SAME_FUNDING)
    yield from _changes(history, history.judged("cable"))
    yield from _coins(history, history.judged("cable"))
    yield from _budgets(history)


def _fresh(history: History, frames: list[Frame]) -> Iterator[Breach]:
    used = history.memory.sessions
    began: set[bytes] = set()
    for frame in frames:
        hello = frame.item
        if not isinstance(hello, Hello):
            continue
        if hello.sequence == 1 and hello.session in used:
            yield Breach(FRESH, "cable", f"it begins session {hello.session.hex()}, whose id was used before", frame)
        used.add(hello.session)
        began.add(hello.session)


def _random(frames: list[Frame]) -> Iterator[Breach]:
    """Find ids of which one is made of few bytes, or which have too many bytes in common with each other."""
    ids: list[bytes] = []
    for frame in frames:
        hello = frame.item
        if not isinstance(hello, Hello) or hello.session in ids:
            continue
        ids.append(hello.session)
        alike = sum(len({each[place] for each in ids}) == 1 for place in range(len(hello.session)))
        if max(map(hello.session.count, hello.session)) >= ALIKE:
            yield Breach(RANDOM, "cable", f"{hello.session.hex()} is no random session id", frame)
        elif alike * (len(ids) - 1) >= ALIKE:
            what = f"its session ids {', '.join(each.hex() for each in ids)} have {alike} bytes in common"
            yield Breach(RANDOM, "cable", what, frame)


def _network(frames: list[Frame]) -> Iterator[Breach]:
    for frame in frames:
        if isinstance(frame.item, Hello) and frame.item.network is not Network.REGTEST:
            what = f"it calls on network {frame.item.network.value} ({frame.item.network.name}); the bench is on 3"
            yield Breach(NETWORK, "cable", f"{what} (REGTEST)", frame)


def _known(history: History, frames: list[Frame]) -> Iterator[Breach]:
    if not history.whole:
        return
    for frame in frames:
        message = frame.item
        if not isinstance(message, Sent) or isinstance(message, Error) or frame.late >= history.tampered_at:
            continue
        hellos = history.sessions[message.session].of(Hello, "cable", frame)
        if not hellos:
            yield Breach(KNOWN, "socket", f"no HELLO began session {message.session.hex()}", frame)
        elif isinstance(message, Offer) and not any(message.mode in hello.modes for _, hello in hellos):
            yield Breach(MODE, "socket", f"it offers {message.mode.label} to a cable that did not ask for it", frame)


def _sold(history: History, frames: list[Frame]) -> Iterator[Breach]:
    for frame in frames:
        offer = frame.item
        if not history.sold or not isinstance(offer, Offer):
            continue
        # no more payments are offered than a RECEIPT can credit (SPEC, "Counts and rounding")
        most = ((MOST_UINT32 + 1) * offer.tariff_sat_per_wh - 1) // (1000 * offer.quantum_sat)
        for name, set_to in history.sold.items():
            due = min(set_to, most) if name == "max_payments" else set_to
            if (told := int(getattr(offer, name))) != due:
                yield Breach(SOLD, "socket", f"it was set to a {name} of {due}, and OFFER tells {told}", frame)


def _answered(history: History, frames: list[Frame]) -> Iterator[Breach]:
    """Find UNKNOWN_SESSION as the answer to what gets none: nothing else came of that session shortly before."""
    for frame in frames:
        error = frame.item
        if frame.late >= history.struck_at:
            return  # what came may have been on its way for long
        if not isinstance(error, Error) or error.code is not ErrorCode.UNKNOWN_SESSION:
            continue
        heard = [
            each
            for each in history.sessions[error.session].frames
            if each.sender == "cable" and frame.early - ANSWERED_S <= each.late and each.early <= frame.late
        ]
        if heard and all(isinstance(each.item, Error | Close) for each in heard):
            what = f"it answers {heard[-1].name} of a session that does not run with UNKNOWN_SESSION: due is no answer"
            yield Breach(NO_ANSWER, "socket", what, frame)


def _payees(history: History, frames: list[Frame]) -> Iterator[Breach]:
    offered = history.memory.payees
    for frame in frames:
        offer = frame.item
        if not isinstance(offer, Offer):
            continue
        script = offer.payee_script
        if not type_of(script):
            yield Breach(PAYEE, "socket", f"the payee script {script.hex()} is neither P2WPKH nor P2PKH", frame)
        elif offered.setdefault(script, offer.session) != offer.session:
            what = f"it offers {script.hex()} again, which session {offered[script].hex()} had"
            yield Breach(PAYEE, "socket", what, frame)


def _same(history: History, side: str, kind: type[Offer] | type[Funding], rule: Rule) -> Iterator[Breach]:
    if side not in history.under_test:
        return
    for story in history.sessions.values():
        before: tuple[Frame, Sent] | None = None
        for frame, message in story.of(kind, side):
            if (
                before is not None
                and replace(message, sequence=0) != replace(before[1], sequence=0)
                and not history.restarted(side, before[0].early, frame.late)
            ):
                yield Breach(rule, side, f"it is another one than at {before[0].t:.3f} s", frame)
            before = frame, message


def _changes(history: History, frames: list[Frame]) -> Iterator[Breach]:
    """Find a change script of before the newest power-on; only a session that is taken up again keeps its own."""
    declared: dict[bytes, bytes] = {}
    newest: dict[bytes, Frame] = {}
    for frame in frames:
        message = frame.item
        if not isinstance(message, Sent):
            continue
        if isinstance(message, Funding):
            session = declared.setdefault(message.change_script, message.session)
            if session != message.session and history.was_cut("cable", newest[session].late, frame.early):
                what = f"it declares the change script {message.change_script.hex()} of session {session.hex()} again"
                yield Breach(CHANGE, "cable", f"{what}, which is of before its last power-on", frame)
            declared[message.change_script] = message.session
        newest[message.session] = frame


def _coins(history: History, frames: list[Frame]) -> Iterator[Breach]:
    known = {(coin.txid, coin.index): coin for coin in history.coins}
    for frame in frames:
        if isinstance(frame.item, Payment):
            _note_outputs(known, frame.item)
        if not isinstance(frame.item, Funding):
            continue
        for coin in frame.item.coins:
            due = known.get((coin.txid, coin.index))
            if due == coin:
                continue
            turned = known.get((bytes.fromhex(coin.txid)[::-1].hex(), coin.index))
            if due is not None:
                what = f"{_told(coin)} is {_told(due)} on the ledger"
            elif turned is not None:
                what = f"the id of {_told(turned)} is told in reversed order"
            elif history.whole and history.coins:
                what = f"it was never given {_told(coin)}"
            else:
                continue
            yield Breach(COINS, "cable", what, frame)


def _note_outputs(known: dict[tuple[str, int], Coin], payment: Payment) -> None:
    try:
        transaction = parse(payment.transaction)
    except NoTransaction:
        return
    name = txid_of(transaction)
    for index, output in enumerate(transaction.vout):
        known[name, index] = Coin(name, index, int(output.nValue), bytes(output.scriptPubKey))


def _told(coin: Coin) -> str:
    return f"{coin.txid}:{coin.index} of {coin.value_sat} sat"


def _budgets(history: History) -> Iterator[Breach]:
    """Hold the budget of each session against that of the one before it; a restart makes it whole again."""
    before: tuple[Frame, Funding] | None = None
    for story in history.sessions.values() if history.whole and "cable" in history.under_test else ():
        told = story.of(Funding, "cable")
        if not told:
            continue
        frame, funding = told[0]
        if before is not None and frame.late < history.tampered_at and history.undisturbed(before[0].early, frame.late):
            earlier = history.sessions[before[1].session].of(Payment, "cable")
            signed = max((payment.n for _, payment in earlier), default=0)
            left = before[1].max_payments - signed
            if funding.max_payments > left:
                what = f"it told {before[1].max_payments} in the session before, signed {signed} payments in it"
                yield Breach(BUDGET, "cable", f"{what}, and tells a budget of {funding.max_payments} now", frame)
        before = frame, funding
