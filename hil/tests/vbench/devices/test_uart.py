from collections.abc import Iterator

import pytest

from hil.tests.vbench.bench_kit import BYTE, Client, Harness, running


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


@pytest.fixture
def control(harness: Harness) -> Iterator[Client]:
    client = harness.client("control")
    yield client
    client.close()


@pytest.fixture
def link(harness: Harness) -> Iterator[Client]:
    client = harness.client("socket-link")
    yield client
    client.close()


def power_up(harness: Harness, control: Client, **profile: object) -> None:
    """Reset with a socket whose electronics have power."""
    assert control.ask(op="reset", seed="s", devices={"socket": profile}) == {"now": 0.0}
    harness.switch("K3", closed=True)


def test_bytes_reach_the_device_and_come_back_after_their_time_on_the_wire(
    harness: Harness, control: Client, link: Client
) -> None:
    power_up(harness, control)
    link.send(b"hello")
    reply = control.ask(op="advance", until=1.0, received={"socket-link": 5})
    assert reply == {"now": pytest.approx(10 * BYTE), "sent": {"socket-link": 5}}
    assert link.read(5) == b"hello"
    assert control.ask(op="advance", until=1.0, received={"socket-link": 5}) == {"now": 1.0, "sent": {"socket-link": 5}}


def test_two_frames_follow_each_other_on_the_wire_and_time_stops_at_each(
    harness: Harness, control: Client, link: Client
) -> None:
    power_up(harness, control)
    link.send(b"abcd" * 25)
    assert control.ask(op="advance", until=1.0, received={"socket-link": 100})["now"] == pytest.approx(200 * BYTE)
    link.send(b"x")
    link.send(b"yz")
    first = control.ask(op="advance", until=1.0, received={"socket-link": 101})
    second = control.ask(op="advance", until=1.0, received={"socket-link": 103})
    assert first == {"now": pytest.approx(202 * BYTE), "sent": {"socket-link": 101}}
    assert second == {"now": pytest.approx(206 * BYTE), "sent": {"socket-link": 103}}
    assert link.read(103) == b"abcd" * 25 + b"xyz"


def test_a_device_without_power_hears_nothing(harness: Harness, control: Client, link: Client) -> None:
    control.ask(op="reset", seed="s", devices={"socket": {}})
    link.send(b"hello")
    assert control.ask(op="advance", until=1.0, received={"socket-link": 5}) == {"now": 1.0, "sent": {}}


def test_a_power_cut_keeps_the_bytes_that_left_and_loses_the_rest(
    harness: Harness, control: Client, link: Client
) -> None:
    power_up(harness, control)
    link.send(b"0123456789")
    cut = (10 + 3.5) * BYTE
    assert control.ask(op="advance", until=cut, received={"socket-link": 10}) == {"now": cut, "sent": {}}
    harness.switch("K3", closed=False)
    assert control.ask(op="advance", until=1.0) == {"now": cut, "sent": {"socket-link": 3}}
    assert link.read(3) == b"012"
    assert control.ask(op="advance", until=1.0) == {"now": 1.0, "sent": {"socket-link": 3}}


def test_reset_discards_what_is_in_flight_and_counts_from_zero(harness: Harness, control: Client, link: Client) -> None:
    power_up(harness, control)
    link.send(b"read, not taken")
    control.ask(op="advance", until=0.1)
    link.send(b"maybe not even read")
    power_up(harness, control)
    link.send(b"new")
    reply = control.ask(op="advance", until=1.0, received={"socket-link": 3})
    assert reply["sent"] == {"socket-link": 3}
    assert link.read(3) == b"new"


def test_only_the_announced_bytes_are_handed_to_the_device(harness: Harness, control: Client, link: Client) -> None:
    power_up(harness, control)
    link.send(b"abcdef")
    assert control.ask(op="advance", until=1.0, received={"socket-link": 2})["sent"] == {"socket-link": 2}
    assert control.ask(op="advance", until=1.0, received={"socket-link": 2}) == {"now": 1.0, "sent": {"socket-link": 2}}
    assert control.ask(op="advance", until=2.0, received={"socket-link": 6})["sent"] == {"socket-link": 6}
    assert link.read(6) == b"abcdef"


def test_a_thousand_console_lines_cost_few_stops_and_arrive_whole(harness: Harness, control: Client) -> None:
    console = harness.client("socket-console")
    power_up(harness, control, **{"boot text": "kernel says", "boot lines": 1000})
    stops, now = [], 0.0
    while now < 10.0:
        reply = control.ask(op="advance", until=10.0)
        now = reply["now"]
        stops.append(now)
    total = reply["sent"]["socket-console"]
    expected = b"".join(f"kernel says {number}\n".encode() for number in range(1000))
    assert console.read(total) == expected
    seconds = len(expected) * BYTE
    assert len(stops) - 1 == pytest.approx(seconds / 0.1, abs=1.5)
    assert stops[0] == pytest.approx(0.1)
    console.close()


def test_console_output_is_handed_over_whenever_time_stops_anyway(harness: Harness, control: Client) -> None:
    console = harness.client("socket-console")
    power_up(harness, control, **{"boot text": "up"})
    assert control.ask(op="advance", until=0.03) == {"now": 0.03, "sent": {"socket-console": 5}}
    assert console.line() == b"up 0\n"
    console.close()


def test_a_line_takes_one_client_and_the_next_one_when_that_is_gone(harness: Harness, link: Client) -> None:
    second = harness.client("socket-link")
    assert second.read(1) == b""
    link.close()
    control = harness.client("control")
    third = harness.client("socket-link")
    power_up(harness, control)
    third.send(b"hi")
    assert control.ask(op="advance", until=1.0, received={"socket-link": 2})["sent"] == {"socket-link": 2}
    assert third.read(2) == b"hi"
    for client in (second, third, control):
        client.close()


def test_bytes_to_an_unplugged_line_are_lost_and_not_counted(harness: Harness, control: Client) -> None:
    power_up(harness, control, talk=0.1)
    reply = control.ask(op="advance", until=1.0)
    assert reply == {"now": pytest.approx(0.1 + 4 * BYTE), "sent": {}}
