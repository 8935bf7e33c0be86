"""Sessions in which a side loses its supply at each moment that makes a difference: part of sessions.json."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hil.protocol.wire.messages import Message, Offer
from hil.tests.protocol.ending_vectors import FIRST, LATE, says_plain
from hil.tests.protocol.session_bench import At
from hil.tests.protocol.session_vectors import SESSIONS, session
from hil.tests.protocol.vector_files import Json

Answers = dict[tuple[str, int], Json]

OFF: Final[Json] = {"in": "power off"}
ON: Final[Json] = {"in": "power on"}


def _cut(side: str, *instants: float) -> tuple[At, ...]:
    """Switch a side off and on at these instants, in turn."""
    return tuple((at, side, (OFF, ON)[number % 2]) for number, at in enumerate(instants))


def _dearer(message: Message) -> Message:
    assert isinstance(message, Offer)
    return replace(message, tariff_sat_per_wh=message.tariff_sat_per_wh + 1)


def restarts() -> list[Json]:
    """Every way in which either side goes on, or does not, after its supply failed."""
    return [*_of_the_socket(), *_of_the_cable()]


def _of_the_socket() -> list[Json]:
    settled_late: Answers = {("settle", n): {"failure": "no answer"} for n in (1, 2)}
    cut = _cut("socket", 2.2, 3.2)
    close: Json = says_plain([8, FIRST, LATE, 1, 0, b""])
    return [
        *(
            session(f"the socket restarts while power flows, {mode}: METER resumes", mode=mode, script=cut, stop_s=35)
            for mode in ("SINGLE_FEE", "PER_PAYMENT")
        ),
        session(
            "the socket restarts while a payment is asked for: PAYMENT resumes",
            lose=frozenset({("cable", "PAYMENT", 2)}),
            script=_cut("socket", 6.8, 7.2),
            stop_s=30.0,
        ),
        session(
            "the socket restarts while a payment is asked for, and reckons with more credit: PAYMENT is asked for anew",
            lose=frozenset({("cable", "PAYMENT", 2)}),
            power_w=540.0,
            script=_cut("socket", 40.6, 41.2),
            stop_s=60.0,
        ),
        session(
            "the socket restarts while a payment is examined, and hears of no answer",
            answers={("examine payment", 2): {"after_s": 0.9}},
            script=_cut("socket", 7.0, 7.3),
            stop_s=30.0,
        ),
        session("both restart: HELLO resumes", script=(*cut, *_cut("cable", 2.3, 3.4)), stop_s=30.0),
        session("the socket restarts three times", script=_cut("socket", 2.2, 2.4, 2.6, 2.8, 12.7, 12.9), stop_s=45.0),
        session("suspended: CLOSE of the cable", script=(*cut, (3.5, "socket", close)), stop_s=5.0),
        session("suspended: the cable is silent", script=cut, gap_s=(2.1, 90.0), idle_from_s=2.0, stop_s=66.0),
        session("suspended: the cable is pulled", script=(*cut, (3.5, "socket", {"in": "unplugged"})), stop_s=5.0),
        session(
            "suspended: HELLO of another session",
            script=(*cut, (3.5, "socket", says_plain([1, SESSIONS[3], 1, 1, [1, 2], 3]))),
            stop_s=5.0,
        ),
        session(
            "the socket restarts without credit, before it settled: it settles first",
            payments=1,
            answers=settled_late,
            script=_cut("socket", 9.2, 9.7),
            stop_s=14.0,
        ),
        session(
            "the socket restarts twice without credit, and is told nonsense each time",
            payments=1,
            answers={("settle", n): {"failure": "no answer"} for n in range(1, 9)},
            script=(
                *_cut("socket", 9.2, 9.7, 10.2, 10.7),
                *((at, "socket", says_plain([6, FIRST, LATE + n, 1, 0])) for n, at in enumerate((9.0, 10.0, 11.0))),
            ),
            stop_s=12.0,
        ),
        session(
            "the socket restarts without credit, and its settlement is lost",
            payments=1,
            answers={
                ("settle", 1): {"failure": "no answer"},
                ("settle", 2): {"failure": "missing-inputs", "lost": True},
            },
            script=_cut("socket", 9.2, 9.7),
            stop_s=12.0,
        ),
        session(
            "the socket restarts before it settled, with credit left: it goes on settling, and tells the same reason",
            answers=settled_late,
            script=((2.2, "socket", {"in": "unplugged"}), *_cut("socket", 2.3, 3.2)),
            stop_s=8.0,
        ),
        session(
            "the socket restarts without credit while payment 2 is examined: it settles payment 1",
            answers={("examine payment", 2): {"after_s": 3.0}},
            script=_cut("socket", 8.5, 9.0),
            stop_s=12.0,
        ),
        session("the socket restarts before anything was paid", script=_cut("socket", 0.011, 0.5), stop_s=14.0),
        session(
            "the socket restarts between two sessions: no payee script is offered twice, the old id is unknown",
            payments=1,
            script=(
                *_cut("socket", 9.2, 9.6),
                (9.8, "socket", says_plain([1, FIRST, LATE, 1, [1, 2], 3])),
                (9.9, "socket", says_plain([8, FIRST, LATE + 1, 1, 0, b""])),
            ),
            stop_s=11.0,
        ),
    ]


def _of_the_cable() -> list[Json]:
    slow_first, slow_second = ({("examine payment", n): {"after_s": after_s}} for n, after_s in ((1, 1.0), (2, 1.0)))
    lost = frozenset({("cable", "PAYMENT", 1)})
    other_offer = {("socket", "OFFER", 2): _dearer}
    cut = _cut("cable", 2.2, 3.2)
    return [
        session("the cable restarts while power flows", script=cut, stop_s=20.0),
        session("the cable restarts while power flows, PER_PAYMENT", mode="PER_PAYMENT", script=cut, stop_s=20.0),
        session("the cable restarts while the first payment is lost", lose=lost, script=_cut("cable", 0.2, 0.7)),
        session(
            "the cable restarts while the first payment is examined",
            answers=slow_first,
            script=_cut("cable", 0.2, 0.7),
            stop_s=12.0,
        ),
        session(
            "the cable restarts while the second payment is lost",
            lose=frozenset({("cable", "PAYMENT", 2)}),
            script=_cut("cable", 6.6, 6.9),
            stop_s=12.0,
        ),
        session(
            "the cable restarts while the second payment is examined",
            answers=slow_second,
            script=_cut("cable", 6.7, 6.9),
            stop_s=12.0,
        ),
        session("the cable restarts twice", script=_cut("cable", 2.2, 2.4, 2.6, 3.2), stop_s=20.0),
        session("the cable restarts before it has paid", script=_cut("cable", 0.011, 0.5), stop_s=5.0),
        session(
            "the cable restarts and finds another socket: it calls again in another session",
            script=cut,
            payments=5,
            alter=other_offer,
            stop_s=16.0,
        ),
        session(
            "the cable restarts with its budget spent and finds another socket: it stays silent",
            payments=1,
            script=cut,
            alter=other_offer,
            stop_s=16.0,
        ),
        session(
            "the cable restarts when its session is over: it calls again with its change",
            payments=5,
            script=_cut("cable", 2.2, 10.5),
            stop_s=24.0,
        ),
        session(
            "the cable restarts after the end: it declares its change",
            payments=1,
            script=_cut("cable", 10.2, 10.7),
            stop_s=14.0,
        ),
        session(
            "the cable restarts, and the socket has forgotten the session: its offer is another, whatever its sequence",
            script=(*_cut("cable", 2.2, 11.0), *_cut("socket", 10.0, 10.5)),
            stop_s=24.0,
        ),
        session(
            "a stranger says HELLO of the running session: its OFFER again",
            script=((2.2, "socket", says_plain([1, FIRST, LATE, 1, [1, 2], 3])),),
            stop_s=4.0,
        ),
    ]
