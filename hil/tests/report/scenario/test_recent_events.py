"""The last events of a scenario as a person reads them."""

from __future__ import annotations

from hil.evidence.documents import Event, Json, Kind
from hil.report.scenario.recent_events import account, recent_events


def reading(t: float, power: float) -> Event:
    return Event(Kind.READING, t, "meter", {"power_W": power, "energy_Wh": 8.0, "voltage_V": 230.0, "current_A": 1.0})


def frame(t: float, message: str, **fields: Json) -> Event:
    data: dict[str, Json] = {"direction": "to cable", "message": message, "fields": fields, "bytes": "00" * 40}
    return Event(Kind.FRAME, t, "socket-link", data)


def console(t: float, text: str) -> Event:
    return Event(Kind.CONSOLE, t, "socket-console", {"text": text})


def told(*events: Event) -> list[str]:
    return [f"{each.source}: {each.words}" for each in recent_events(events)]


def test_each_kind_of_event_is_told_in_a_few_words() -> None:
    funding: dict[str, Json] = {"event": "funding", "txid": "ab" * 32, "payment_sat": 200_000}
    assert told(
        Event(Kind.RELAY, 1.0, "K1", {"closed": True, "read_back": True}),
        Event(Kind.TRANSACTION, 1.0, "ledger", funding),
        Event(Kind.LEDGER, 1.0, "ledger", {"change": "added", "hash": "cd" * 32}),
        Event(Kind.LEDGER, 1.0, "ledger", {"change": "connected", "block": 2}),
        reading(2.0, 1300.2),
        frame(3.0, "PAYMENT", session="0ea34e81", sequence=4, n=1, transaction="02" * 200),
        Event(Kind.FAULT, 3.0, "counterpart", {"what": "pays 1 sat less", "who": "cable"}),
        console(4.0, "socket: refused"),
        Event(Kind.FRAME, 5.0, "socket-link", {"direction": "to cable", "message": "-", "error": "bad check"}),
        Event(Kind.FRAME, 6.0, "cable-link", {"direction": "to socket", "message": "CLOSE", "lost": True}),
    ) == [
        "K1: closed",
        "ledger: funding abababababab, payment 200 000 sat",
        "ledger: into the mempool: cdcdcdcdcdcd",
        "ledger: new block 2",
        "meter: power 1300.2 W, energy 8 Wh",
        "socket-link: PAYMENT to cable: n 1",
        "counterpart: fault: pays 1 sat less",
        "socket-console: socket: refused",
        "socket-link: no message to cable: bad check",
        "cable-link: CLOSE to socket (lost)",
    ]


def test_the_readings_between_two_events_are_one_line_with_the_newest_and_the_range_of_power() -> None:
    events = [console(0.0, "a"), reading(0.1, 1300.0), reading(0.2, 1305.0), reading(0.3, 0.0), console(0.4, "b")]

    assert told(*events) == [
        "socket-console: a",
        "meter: power 0 W, energy 8 Wh (3 times since 0.100 s, power from 0 W to 1305 W)",
        "socket-console: b",
    ]


def test_a_message_that_is_sent_again_and_again_is_one_line_although_readings_come_between() -> None:
    events = [event for second in range(20) for event in (frame(second, "HELLO"), reading(second + 0.5, 0.0))]

    assert told(*events) == [
        "meter: power 0 W, energy 8 Wh (19 times since 0.500 s)",
        "socket-link: HELLO to cable (20 times since 0.000 s)",
        "meter: power 0 W, energy 8 Wh",
    ]


def test_a_message_that_tells_the_meter_only_is_left_to_the_readings() -> None:
    assert told(frame(1.0, "METER", energy_mwh=369)) == []


def test_the_newest_ten_are_told_oldest_first() -> None:
    events = [console(float(number), f"line {number}") for number in range(25)]

    assert [each.t for each in recent_events(events)] == [float(number) for number in range(15, 25)]


def test_what_a_device_prints_cannot_turn_the_line_around() -> None:
    assert told(console(1.0, "a\u202eb")) == ["socket-console: a⟨U+202E⟩b"]


def verdict(t: float, word: str, **data: Json) -> Event:
    return Event(Kind.VERDICT, t, "bench", {"verdict": word, **data})


def test_a_finding_that_names_its_instant_is_told_with_what_surrounds_it() -> None:
    events = [console(float(number), f"line {number}") for number in range(100)]
    found = account([*events, verdict(480.0, "pass", at=3.0), verdict(480.0, "fail", at=40.5)])

    assert found.heading == "what happened around 40.500 s"
    assert [each.t for each in found.events] == [35.0, 36.0, 37.0, 38.0, 39.0, 40.0, 41.0, 42.0, 43.0, 44.0]
    assert found.lines()[0] == "what happened around 40.500 s:"


def test_an_instant_at_the_end_is_told_with_ten_lines_before_it() -> None:
    events = [console(float(number), f"line {number}") for number in range(20)]

    assert [each.t for each in account([*events, verdict(20.0, "fail", at=19.0)]).events] == [
        float(number) for number in range(10, 20)
    ]


def test_readings_after_the_instant_are_one_line_however_many_they_are() -> None:
    events = [console(1.0, "refused"), *(reading(2.0 + number / 10, 1300.0) for number in range(3800))]
    found = account([*events, console(400.0, "closed"), verdict(401.0, "fail", at=1.5)])

    assert [each.source for each in found.events] == ["socket-console", "meter", "socket-console"]


def test_a_finding_without_an_instant_is_told_with_what_happened_last() -> None:
    events = [console(float(number), "x") for number in range(20)]

    found = account([*events, verdict(20.0, "fail")])
    assert found.heading == "what happened last"
    assert found.events == recent_events(events)
    assert account([]).lines() == []
