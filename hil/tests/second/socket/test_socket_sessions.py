"""The socket plays every session of the vectors, to its own first loss of power, to the byte and the millisecond.

Restarts of the socket's own side are beyond the second counterpart; those of the cable are not.
"""

from __future__ import annotations

from typing import Any

import pytest

from hil.second.codes import ErrorCode, Mode, Network
from hil.second.history import History
from hil.second.line import Line
from hil.second.money.energy import Counter
from hil.second.socket.ledger import ExamineCoins, ExaminePayment, Question, Settlement, Verdict
from hil.second.socket.means import Means
from hil.second.socket.seller import Seller
from hil.second.terms import Policy, Terms
from hil.tests.second.replay import POWER_OFF, SESSIONS, Event, Recorder, expected, play

POLICY_OF_SOCKET = {
    "top_up_credit_mwh", "ledger_answer_s", "reply_s", "silent_peer_s", "settle_s", "meter_s", "overload_s",
}  # fmt: skip


class RecordedSocket:
    """A socket whose inputs, the ledger's answers among them, stand in a vector."""

    def __init__(self, setup: dict[str, Any], recorder: Recorder) -> None:
        terms = dict(setup["terms"])
        self._recorder = recorder
        self._told = 0
        self._mwh, self._power_w = 0, 0.0
        self._counter = Counter(lambda: self._mwh / 1000)
        self._line = Line(recorder.write, lambda _: None)
        self._history = History()
        payees = map(bytes.fromhex, setup["payee_scripts"])
        mode, network = Mode[terms.pop("mode")], Network[terms.pop("network")]
        means = Means(
            Terms(**terms, mode=mode, network=network),
            Policy(**{name: setup["policy"][name] for name in POLICY_OF_SOCKET}),
            lambda: next(payees),
            self._line.send,
            lambda closed: recorder.add("contact", {"closed": closed}),
            self._ask,
            lambda raw: None,
            lambda note: None,
        )
        self._seller = Seller(means, self._counter, self._history)

    def power_on(self, now: float) -> None:
        self._line.reset()

    def on_bytes(self, data: bytes, now: float) -> None:
        for message in self._line.messages(data):
            self._seller.take(message, now)
            self._tell_ends()

    def on_input(self, event: Event, now: float) -> None:
        question = event.get("question")
        match event["in"]:
            case "meter":
                self._mwh, self._power_w = event["energy_mwh"], event["power_w"]
                self._counter.read()
                self._seller.on_reading(self._power_w, now)
            case "coins examined" | "payment examined":
                code = event["code"]
                self._seller.on_verdict(event["question"], Verdict(ErrorCode[code] if code else None), now)
            case "settled":
                self._seller.on_settlement(event["question"], Settlement(event["failure"], event["lost"]), now)
            case "ledger lost":
                self._seller.on_ledger_lost(question, now)
            case "conflict":
                self._seller.on_conflict(event["txid"], now)
            case "unplugged":
                self._seller.on_unplugged(now)
            case "fault":
                self._seller.on_fault(now)
            case unknown:
                pytest.fail(f"no such input: {unknown}")
        self._tell_ends()

    def on_time(self, now: float) -> None:
        self._seller.serve_timers(now)
        self._tell_ends()

    def next_deadline(self) -> float | None:
        return self._seller.next_deadline()

    def _ask(self, number: int, question: Question) -> None:
        match question:
            case ExamineCoins():
                told: dict[str, Any] = {"coins": len(question.coins), "min_confirmations": question.min_confirmations}
                self._recorder.add("examine coins", {"question": number, **told})
            case ExaminePayment():
                told = {"n": question.n, "coins": len(question.coins), "broadcast": question.broadcast}
                told["transaction"] = question.raw.hex()
                self._recorder.add("examine payment", {"question": number, **told})
            case _:
                self._recorder.add("settle", {"question": number, "transaction": question.raw.hex()})

    def _tell_ends(self) -> None:
        for end in self._history.ended[self._told :]:
            values = {"session": end.session.hex(), "reason": end.reason.name, "payments": end.payments}
            self._recorder.add("session ended", values)
        self._told = len(self._history.ended)


def first_power_off(session: dict[str, Any]) -> float:
    """Return when the socket first loses its power; the end of the session if it never does."""
    offs = [each for each in session["events"] if each["side"] == "socket" and each.get("in") == POWER_OFF]
    return float(min([session["stop_s"], *(each["t"] for each in offs)]))


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session["name"])
def test_a_socket_does_what_the_vector_says(session: dict[str, Any]) -> None:
    recorder = Recorder()
    stop_s = first_power_off(session)

    play(session, "socket", RecordedSocket(session["socket"], recorder), recorder, stop_s)

    assert recorder.seen == expected(session, "socket", stop_s)
