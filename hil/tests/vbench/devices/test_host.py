import socket

import pytest

from hil.tests.vbench.bench_kit import BYTE, Echo, plain_bench
from hil.vbench.bench import Bench
from hil.vbench.devices.entropy import Entropy
from hil.vbench.devices.own_meter import meter_gain
from hil.vbench.model_request import ModelRequest, NodeAccess
from hil.vbench.plant.parameters import PlantParameters

K3 = 2


def fitted(profile: dict[str, object] | None = None, *, seed: str = "s", **plant: float) -> tuple[Bench, Echo]:
    bench = plain_bench()
    bench.reset(ModelRequest(seed, PlantParameters(**plant), {"socket": profile or {}}))
    program = bench.model.hosts["socket"]._program
    assert isinstance(program, Echo)
    return bench, program


def supply(bench: Bench, *, on: bool) -> None:
    bench.model.plant.relays[K3].set(closed=on)


def test_closing_k3_powers_the_program_on_and_opening_it_off() -> None:
    bench, program = fitted()
    bench.advance(1.0, {})
    supply(bench, on=True)
    bench.advance(2.0, {})
    supply(bench, on=False)
    bench.advance(3.0, {})
    assert program.calls == [("on", 1.0), ("off", 2.0)]


def test_on_time_comes_exactly_at_the_deadline_and_again_when_it_moved() -> None:
    bench, program = fitted({"talk": 0.3})
    supply(bench, on=True)
    while bench.now() < 1.0:
        bench.advance(1.0, {})
    assert program.calls == [("on", 0.0), ("time", 0.3), ("time", 0.6), ("time", 0.6 + 0.3)]


def test_a_power_cut_opens_the_contact_after_its_release_time_and_ends_all_timers() -> None:
    bench, program = fitted({"close_after": 0.5})
    supply(bench, on=True)
    bench.advance(1.0, {})
    contact = bench.model.plant.contact
    assert (contact.closed, contact.edge) == (True, 0.508)
    supply(bench, on=False)
    bench.advance(2.0, {})
    assert (contact.closed, contact.edge) == (False, 1.006)
    assert program.calls[-1] == ("off", 1.0)


def test_a_program_that_never_lets_time_pass_is_stopped_and_blamed() -> None:
    bench, _ = fitted({"talk": 0.1, "stuck": True})
    supply(bench, on=True)
    bench.advance(1.0, {})
    ((who, error),) = bench.take_faults()
    assert (who, bench.now()) == ("socket", 0.1)
    assert "livelock" in error
    bench.advance(1.0, {})
    assert (bench.now(), bench.take_faults()) == (1.0, [])


def test_a_crashed_program_is_left_alone_until_its_supply_was_switched_off_and_on() -> None:
    bench, program = fitted({"talk": 0.1, "stuck": True})
    supply(bench, on=True)
    bench.advance(1.0, {})
    bench.advance(1.0, {})
    supply(bench, on=False)
    bench.advance(2.0, {})
    supply(bench, on=True)
    bench.advance(2.05, {})
    renewed = bench.model.hosts["socket"]._program
    assert isinstance(renewed, Echo)
    assert renewed is not program
    assert renewed.calls == [("on", 2.0)]


def test_the_devices_meter_counts_from_power_on_with_its_gain_error() -> None:
    bench, program = fitted({"close_after": 0.0}, socket_meter_gain=0.01)
    plant = bench.model.plant
    for number in range(3):
        plant.relays[number].set(closed=True)
    plant.plug("toaster")
    bench.advance(3600.0, {})
    assert program.board.meter.energy() == pytest.approx(plant.energy() * 1.01)
    assert program.board.meter.power() == pytest.approx(1313)
    supply(bench, on=False)
    bench.advance(3601.0, {})
    supply(bench, on=True)
    bench.advance(3601.001, {})
    assert float(program.board.meter.energy()) == 0.0


def test_a_meter_that_has_counted_before_goes_on_through_a_power_cut_and_from_zero_at_its_end() -> None:
    bench, program = fitted({"close_after": 0.0}, socket_meter_counted=9_999_999.0)
    plant, meter = bench.model.plant, program.board.meter
    assert float(meter.energy()) == 9_999_999.0
    for number in range(3):
        plant.relays[number].set(closed=True)
    plant.plug("toaster")
    bench.advance(3600.0, {})
    went = plant.energy()
    assert went > 1000
    gain = meter_gain("s", "socket")
    assert float(meter.energy()) == pytest.approx(went * (1 + gain) - 1, rel=0.001)
    before = float(meter.energy())
    supply(bench, on=False)
    bench.advance(3601.0, {})
    supply(bench, on=True)
    bench.advance(3601.001, {})
    assert float(meter.energy()) >= before


def test_gain_errors_are_drawn_from_the_seed_and_stay_within_0_2_percent() -> None:
    gains = {meter_gain(f"seed {number}", role) for number in range(200) for role in ("socket", "cable")}
    assert len(gains) == 400
    assert -0.002 <= min(gains) < -0.0015
    assert 0.0015 < max(gains) <= 0.002
    assert meter_gain("a", "socket") == meter_gain("a", "socket")


def test_entropy_is_the_same_stream_for_a_seed_however_it_is_read() -> None:
    whole, parts = Entropy("seed", "socket"), Entropy("seed", "socket")
    assert whole(100) == b"".join(parts(count) for count in (1, 0, 32, 33, 34))
    assert Entropy("seed", "socket")(16) != Entropy("seed", "cable")(16) != Entropy("other", "cable")(16)


def test_storage_survives_a_power_cut_but_not_a_reset() -> None:
    bench, program = fitted()
    program.board.storage.write("key", b"record")
    for on in (True, False, True):
        supply(bench, on=on)
        bench.advance(bench.now() + BYTE, {})
    assert program.board.storage.read("key") == b"record"
    bench.reset(ModelRequest("s", devices={"socket": {}}))
    renewed = bench.model.hosts["socket"]._program
    assert isinstance(renewed, Echo)
    assert renewed.board.storage.read("key") is None


def test_only_the_socket_sees_the_ledger_and_a_dead_node_is_not_ready() -> None:
    bench = plain_bench()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    node = NodeAccess("127.0.0.1", port, "user", "password")
    for _ in range(2):
        bench.reset(ModelRequest("s", devices={"socket": {}, "cable": {}}, node=node))
    ledgers = {role: host._board.ledger for role, host in bench.model.hosts.items()}
    assert ledgers["cable"] is None
    assert ledgers["socket"] is not None
    assert ledgers["socket"].ready() is False
