import json
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest

from hil.tests.vbench.bench_kit import BYTE, Client, Harness, running
from hil.vbench.control import advance_request as advance
from hil.vbench.control import port as control_module
from hil.vbench.edge_watch import LOOKS
from hil.vbench.model_request import ModelRequest


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running() as harness:
        yield harness


@pytest.fixture
def control(harness: Harness) -> Iterator[Client]:
    client = harness.client("control")
    yield client
    client.close()


def reset(control: Client, **fields: Any) -> None:
    assert control.ask(op="reset", seed="s", **fields) == {"now": 0.0}


def test_time_stands_still_until_the_controller_asks(control: Client) -> None:
    reset(control)
    assert control.ask(op="truth")["now"] == 0.0
    assert control.ask(op="advance", until=12.5, received={}) == {"now": 12.5, "sent": {}}
    assert control.ask(op="truth")["now"] == 12.5


def test_the_ledger_is_late_until_the_next_reset(control: Client) -> None:
    reset(control)
    assert control.ask(op="ledger", late_s=3) == {"now": 0.0, "late_s": 3.0, "silence": ""}
    assert control.ask(op="ledger")["late_s"] == 3.0
    reset(control)
    assert control.ask(op="ledger")["late_s"] == 0.0


def test_advance_waits_for_bytes_that_are_announced_before_they_arrive(harness: Harness, control: Client) -> None:
    link = harness.client("cable-link")
    reset(control, devices={"cable": {}})
    harness.switch("K4", closed=True)
    control.send(json.dumps({"op": "advance", "until": 1.0, "received": {"cable-link": 4}}).encode() + b"\n")
    control.send(json.dumps({"op": "truth"}).encode() + b"\n")
    link.send(b"ab")
    harness.switch("K1", closed=True)  # a round trip: the bench has turned meanwhile
    link.send(b"cd")
    assert json.loads(control.line()) == {"now": pytest.approx(8 * BYTE), "sent": {"cable-link": 4}}
    assert json.loads(control.line())["now"] == pytest.approx(8 * BYTE)
    assert link.read(4) == b"abcd"
    link.close()


def test_bytes_that_never_arrive_are_named_after_the_deadline(
    harness: Harness, control: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "BYTES_DEADLINE", 0.05)
    link = harness.client("socket-link")
    reset(control)
    link.send(b"abc")
    reply = control.ask(op="advance", until=1.0, received={"socket-link": 5, "cable-link": 0})
    assert reply == {"error": "socket-link: waited 0.05 s for 5 bytes, 3 arrived"}
    assert control.ask(op="advance", until=1.0, received={"socket-link": 3}) == {"now": 1.0, "sent": {}}
    link.close()


@pytest.fixture
def meter(harness: Harness, control: Client) -> Iterator[Client]:
    """A connection to the meter of a bench that stands at 1 s."""
    client = harness.client("meter")
    reset(control, plant={"meter_latency": 0.0})
    control.ask(op="advance", until=1.0)
    client.send(b"hello\n")
    assert client.line() == b"hello\n"
    yield client
    client.close()


def test_lines_that_are_announced_reach_the_meter_at_their_instants(control: Client, meter: Client) -> None:
    request = {"op": "advance", "until": 2.0, "asked": [1.25, 1.5, 2.0]}
    control.send(json.dumps(request).encode() + b"\n")
    meter.send(b"samples?\n" * 3)
    assert json.loads(control.line()) == {"now": 2.0, "sent": {}, "delivered": 3}
    assert [int(meter.line()) for _ in range(3)] == [12, 15, 20]


def test_a_line_that_is_not_announced_reaches_the_meter_before_those_under_way(
    harness: Harness, control: Client, meter: Client
) -> None:
    link = harness.client("socket-link")
    reset(control, devices={"socket": {}}, plant={"meter_latency": 0.0})
    harness.switch("K3", closed=True)
    link.send(b"ping")  # the program of the kit echoes
    request = {"op": "advance", "until": 1.0, "received": {"socket-link": 4}, "asked": [0.9]}
    control.send(json.dumps(request).encode() + b"\n")
    meter.send(b"samples?\n")
    stopped = json.loads(control.line())
    assert stopped["now"] < 0.9
    assert "delivered" not in stopped
    meter.send(b"now\n")
    assert meter.line() == b"now\n"
    assert control.ask(op="advance", until=1.0, received={"socket-link": 4})["delivered"] == 1
    assert meter.line() == b"9\n"
    link.close()


def test_what_is_withdrawn_never_reaches_the_meter(harness: Harness, control: Client, meter: Client) -> None:
    link = harness.client("socket-link")
    reset(control, devices={"socket": {}})
    harness.switch("K3", closed=True)
    link.send(b"ping")
    request = {"op": "advance", "until": 1.0, "received": {"socket-link": 4}, "asked": [0.9]}
    control.send(json.dumps(request).encode() + b"\n")
    meter.send(b"samples?\n")
    assert json.loads(control.line())["now"] < 0.9
    control.ask(op="withdraw")
    assert "delivered" not in control.ask(op="advance", until=1.0, received={"socket-link": 4})
    meter.send(b"now\n")
    assert meter.line() == b"now\n"
    link.close()


def test_time_stops_at_the_readings_after_an_edge_for_whoever_wants_that(
    harness: Harness, control: Client, meter: Client
) -> None:
    control.ask(op="edges", voltage=50.0)
    harness.switch("K1", closed=True)
    asked = [round(1.1 + number / 10, 1) for number in range(20)]
    request = {"op": "advance", "until": 3.0, "asked": asked}
    control.send(json.dumps(request).encode() + b"\n")
    meter.send(b"samples?\n" * len(asked))
    stops = [json.loads(control.line())]
    while stops[-1]["now"] < 3.0:
        stops.append(control.ask(op="advance", until=3.0))
    assert [stop["now"] for stop in stops] == [*asked[:LOOKS], 3.0]
    assert sum(stop["delivered"] for stop in stops) == len(asked)
    control.ask(op="reset")
    assert control.ask(op="advance", until=1.0) == {"now": 1.0, "sent": {}}


@pytest.mark.parametrize("voltage", [0, -1, 1001, True, "50", None])
def test_an_edge_at_no_voltage_is_refused(control: Client, voltage: object) -> None:
    reset(control)
    assert control.ask(op="edges", voltage=voltage) == {"error": "edges.voltage: must be above 0, at most 1000 volts"}


def test_a_client_that_is_gone_keeps_nobody_waiting_for_its_lines(control: Client, meter: Client) -> None:
    control.send(json.dumps({"op": "advance", "until": 2.0, "asked": [1.5]}).encode() + b"\n")
    meter.close()
    assert json.loads(control.line()) == {"now": 2.0, "sent": {}, "delivered": 1}


def test_a_controller_that_is_gone_leaves_nothing_announced(harness: Harness, control: Client, meter: Client) -> None:
    control.send(json.dumps({"op": "advance", "until": 2.0, "asked": [1.5]}).encode() + b"\n")
    control.close()
    second = harness.client("control")
    reset(second)
    second.close()
    meter.send(b"still there\n")
    assert meter.line() == b"still there\n"


def test_lines_that_were_announced_and_never_come_are_told_after_the_deadline(
    control: Client, meter: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advance, "BYTES_DEADLINE", 0.05)
    reply = control.ask(op="advance", until=2.0, asked=[1.5])
    assert reply == {"error": "meter: waited 0.05 s in vain for lines that were announced"}


@pytest.mark.parametrize("asked", [[0.5], [3.0], [1.5, 1.2], ["1.5"], [True], 1.5, [1.5] * 101])
def test_instants_that_cannot_be_are_refused(control: Client, meter: Client, asked: Any) -> None:
    assert "advance.asked: must be" in control.ask(op="advance", until=2.0, asked=asked)["error"]
    assert control.ask(op="advance", until=2.0) == {"now": 2.0, "sent": {}}


def test_what_went_over_each_line_is_told_by_bytes_and_checksum(harness: Harness, control: Client) -> None:
    link = harness.client("socket-link")
    reset(control)
    link.send(b"abc")
    control.ask(op="advance", until=1.0, received={"socket-link": 3})
    told = control.ask(op="lines")["lines"]
    nothing = {"sent": 0, "checksum_sent": 0, "received": 0, "checksum_received": 0}
    assert told["socket-link"] == nothing | {"received": 3, "checksum_received": crc32(b"abc")}
    assert told["cable-console"] == nothing
    reset(control)
    assert control.ask(op="lines")["lines"]["socket-link"] == nothing
    link.close()


def test_a_program_that_raises_is_blamed_and_the_bench_lives_on(harness: Harness, control: Client) -> None:
    link = harness.client("socket-link")
    reset(control, devices={"socket": {}})
    harness.switch("K3", closed=True)
    link.send(b"die")
    reply = control.ask(op="advance", until=1.0, received={"socket-link": 3})
    assert reply["failed"][0][0] == "socket"
    assert reply["failed"][0][1].startswith("LookupError: no such thing (bench_kit.py:")
    assert (reply["now"], reply["sent"]) == (pytest.approx(3 * BYTE), {})
    assert control.ask(op="advance", until=1.0, received={"socket-link": 3}) == {"now": 1.0, "sent": {}}
    reset(control, devices={"socket": {}})
    link.close()


def test_a_program_that_cannot_be_built_leaves_the_world_as_it_was(control: Client) -> None:
    reset(control)
    control.ask(op="advance", until=3.0)
    reply = control.ask(op="reset", seed="s", devices={"cable": {"broken": True}})
    assert "the cable's program cannot be built: KeyError: 'profile'" in reply["error"]
    assert control.ask(op="advance", until=4.0) == {"now": 4.0, "sent": {}}


def test_a_second_controller_is_refused_with_a_reason_and_welcome_later(harness: Harness, control: Client) -> None:
    reset(control)
    second = harness.client("control")
    assert "already has a controller" in json.loads(second.line())["error"]
    assert second.line() == b""
    assert control.ask(op="advance", until=1.0) == {"now": 1.0, "sent": {}}
    control.close()
    third = harness.client("control")
    reset(third)
    second.close()
    third.close()


def test_plug_changes_the_appliance_now(harness: Harness, control: Client) -> None:
    reset(control)
    for name in ("K1", "K2"):
        harness.switch(name, closed=True)
    control.ask(op="advance", until=1.0)
    assert control.ask(op="truth")["power"] == 0.0
    assert control.ask(op="plug", appliance="toaster") == {"now": 1.0}
    assert control.ask(op="truth")["power"] == pytest.approx(1300 / 0.7)
    control.ask(op="advance", until=11.0)
    truth = control.ask(op="truth")
    assert truth["power"] == pytest.approx(1300)
    assert truth["contacts"]["K1"] == {"coil": True, "closed": True, "edge": 0.015}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "a request is an object"),
        (b"{}", "unknown op None"),
        (b'{"op": ["advance"]}', "unknown op ['advance']"),
        (b'{"op": "advence"}', "Did you mean 'advance'"),
        (b'{"op": "advance"}', "advance.until: must be a finite number"),
        (b'{"op": "advance", "until": NaN}', "not JSON"),
        (b'{"op": "advance", "until": true}', "advance.until: must be a finite number"),
        (b'{"op": "advance", "until": 1e300}', "is not from the present"),
        (b'{"op": "advance", "until": -1}', "is not from the present"),
        (b'{"op": "advance", "until": 1, "received": 3}', "advance.received: must be an object"),
        (b'{"op": "advance", "until": 1, "received": {"socket_link": 3}}', "Did you mean 'socket-link'"),
        (b'{"op": "advance", "until": 1, "received": {"socket-link": -1}}', "must be a whole number, at least 0"),
        (b'{"op": "advance", "until": 1, "received": {"socket-link": 1.5}}', "must be a whole number"),
        (b'{"op": "plug", "appliance": "kettle"}', "'kettle' is not an appliance"),
        (b'{"op": "ledger", "late_s": -1}', "ledger.late_s: must be from 0 to 3600 seconds"),
        (b'{"op": "ledger", "late_s": true}', "ledger.late_s: must be from 0"),
        (b'{"op": "reset", "seed": 3}', "reset.seed: must be a text"),
        (b'{"op": "reset", "sed": "3"}', "reset: unknown fields: sed"),
        (b'{"op": "reset", "plant": []}', "reset.plant: must be an object"),
        (b'{"op": "reset", "plant": {"mains": 1}}', "'mains' is not a parameter"),
        (b'{"op": "reset", "devices": {"plug": {}}}', "'plug' is not a device"),
        (b'{"op": "reset", "devices": {"socket": 1}}', "must be a profile"),
        (b'{"op": "reset", "node": {"host": "127.0.0.1"}}', "reset.node: needs host"),
    ],
)
def test_garbage_is_answered_with_what_is_wrong_and_the_bench_goes_on(
    control: Client, line: bytes, complaint: str
) -> None:
    reset(control)
    control.send(line + b"\n")
    assert complaint in json.loads(control.line())["error"]
    assert control.ask(op="advance", until=0.5) == {"now": 0.5, "sent": {}}


def test_time_cannot_be_advanced_before_the_first_reset(control: Client) -> None:
    assert "until you send a reset" in control.ask(op="advance", until=1e9)["error"]


def test_a_request_without_end_is_cut_off(harness: Harness, control: Client) -> None:
    control.send(b"x" * (control_module.MAX_LINE + 1))
    assert "longer than" in json.loads(control.line())["error"]
    assert control.line() == b""
    control.close()
    reset(harness.client("control"))


def test_a_ledger_s_password_is_in_no_repr_and_no_error(control: Client) -> None:
    node = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "hush-hush", "more": 1}
    assert "hush" not in json.dumps(control.ask(op="reset", seed="s", node={**node, "port": "x"}))
    assert "hush" not in repr(ModelRequest.of({"node": node}))
