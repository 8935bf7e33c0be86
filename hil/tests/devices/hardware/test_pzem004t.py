from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hil.clock import WallClock, stopwatch
from hil.devices.hardware.pzem004t import (
    ANSWER_TIMEOUT_S,
    LONGEST_DARKNESS_S,
    TRIES,
    EnergyCount,
    ToldSilence,
    on_serial,
)
from hil.errors import RigFault
from hil.tests.devices.pty_kit import answering
from hil.units import Watt
from hil.vbench.devices.pzem004t import PzemValues, VirtualPzem

TRANSCRIPT = Path(__file__).parents[4] / "fixtures" / "data" / "transcripts" / "pzem004t.yaml"
READINGS = [entry for entry in YAML(typ="safe").load(TRANSCRIPT) if "values" in entry]


@pytest.mark.parametrize("entry", READINGS, ids=range(len(READINGS)))
def test_the_driver_sends_and_understands_the_frames_of_the_transcript(entry: dict[str, object]) -> None:
    asked: list[bytes] = []
    reply = bytes.fromhex(str(entry["rx"]))

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return reply

    with answering(answer) as path:
        meter = on_serial(path, WallClock().now, unit=reply[0])
        reading = meter.read()
        meter.close()
    assert asked == [bytes.fromhex(str(entry["tx"]))]
    got = [reading.voltage, reading.current, reading.power, reading.energy_wh, reading.frequency_hz]
    assert [*got, reading.power_factor, reading.alarm] == entry["values"]


def test_driver_and_virtual_module_agree_over_a_serial_line() -> None:
    module = VirtualPzem(lambda: PzemValues(231.4, 5.652, 1307.9, 70_001.9, 49.9))
    with answering(module.answer) as path:
        meter = on_serial(path, WallClock().now)
        reading = meter.read()
        meter.poll()
        assert meter.power() == 1307.9
        meter.close()
    assert reading.energy_wh == 70_001
    assert (reading.voltage, reading.current, reading.frequency_hz) == (231.4, 5.652, 49.9)


def test_a_silent_module_is_a_fault_in_time_to_cut_the_power() -> None:
    with answering(lambda request: None) as path:
        meter = on_serial(path, WallClock().now)
        elapsed = stopwatch()
        with pytest.raises(RigFault, match="the energy meter does not answer"):
            meter.poll()
        assert elapsed() < 2 * TRIES * ANSWER_TIMEOUT_S
        meter.close()


def test_a_program_hears_of_a_silent_module_when_it_is_asked_and_of_its_return() -> None:
    module = VirtualPzem(lambda: PzemValues(231.4, 5.652, 1307.9, 70_001.9, 49.9))
    silent = [True]
    with answering(lambda request: None if silent[0] else module.answer(request)) as path:
        meter = on_serial(path, WallClock().now)
        told = ToldSilence(meter)
        told.poll()  # the host goes on
        for ask in (told.energy, told.power, told.voltage, told.current, told.live):
            with pytest.raises(RigFault, match="the energy meter does not answer"):
                ask()
        silent[0] = False
        told.poll()
        assert (told.power(), told.voltage(), told.current(), told.live()) == (1307.9, 231.4, 5.652, True)
        meter.close()


def test_a_cables_meter_is_silent_until_the_socket_delivers_and_that_means_nothing_flows() -> None:
    present = [PzemValues(0.0, 0.0, 0.0, 3.2, 0.0)]
    now = [0.0]
    module = VirtualPzem(lambda: present[0])
    with answering(module.answer) as path:
        meter = on_serial(path, lambda: now[0], behind_contact=True)
        meter.poll()
        assert (meter.live(), meter.power(), meter.energy()) == (False, 0.0, 0.0)
        present[0] = PzemValues(230.0, 10.0, 2300.0, 3.2, 50.0)
        now[0] = 0.1
        meter.poll()
        assert not meter.live()  # a dark module is not asked again at once
        now[0] = 1.0
        meter.poll()
        assert (meter.live(), meter.power()) == (True, 2300.0)
        now[0] = 1.1
        meter.poll()
        seen, unseen = 2300 * 0.1 / 3600, 2300 * LONGEST_DARKNESS_S / 3600
        assert meter.energy() == pytest.approx(seen + unseen)
        present[0] = PzemValues(0.0, 0.0, 0.0, 3.3, 0.0)
        now[0] = 1.2
        meter.poll()
        now[0] = 100.0
        assert (meter.live(), meter.power()) == (False, 0.0)
        assert meter.energy() == pytest.approx(seen + unseen, rel=0.1)
        meter.close()


def test_a_meter_that_was_dark_for_long_is_heard_when_it_answers_again() -> None:
    present = [PzemValues(0.0, 0.0, 0.0, 0.0, 0.0)]
    now = [0.0]
    with answering(VirtualPzem(lambda: present[0]).answer) as path:
        meter = on_serial(path, lambda: now[0], behind_contact=True)
        for _ in range(12):
            meter.poll()
            now[0] += 1.0
        assert not meter.live()
        present[0] = PzemValues(230.0, 10.0, 2300.0, 0.0, 50.0)
        meter.poll()
        assert meter.live()
        meter.close()


def test_a_damaged_reply_is_asked_for_again() -> None:
    module = VirtualPzem(lambda: PzemValues(230.0, 1.0, 230.0, 0.0, 50.0))
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes | None:
        asked.append(request)
        reply = module.answer(request)
        return reply if len(asked) > 1 or reply is None else reply[:-1] + bytes([reply[-1] ^ 1])

    with answering(answer) as path:
        meter = on_serial(path, WallClock().now)
        assert meter.read().power == 230.0
        meter.close()
    assert len(asked) == 2


def test_a_refusal_is_a_fault_that_names_the_meter() -> None:
    with answering(lambda request: bytes.fromhex("01 84 02 C2 C1")) as path:  # of the transcript
        meter = on_serial(path, WallClock().now, unit=1)
        with pytest.raises(RigFault, match=r"meter pzem .*the energy meter answers"):
            meter.read()
        meter.close()


def test_a_port_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(RigFault, match="cannot be opened"):
        on_serial("/dev/there-is-no-such-port", WallClock().now)


# --- the finer count -----------------------------------------------------------------------------------------------


@given(
    start=st.floats(0, 50_000),
    powers=st.lists(st.floats(0, 3680), min_size=1, max_size=300),
    drift=st.floats(-0.01, 0.01),
)
def test_the_count_follows_the_true_energy_within_the_register_and_never_falls(
    start: float, powers: list[float], drift: float
) -> None:
    """``drift`` is how much the module's power is off against its own register."""
    count, true, told = EnergyCount(), start, 0.0
    count.add(0.0, Watt(powers[0] * (1 + drift)), math.floor(true))
    previous = powers[0]
    for number, power in enumerate(powers, start=1):
        true += (previous + power) / 2 * 0.1 / 3600
        previous = power
        count.add(number * 0.1, Watt(power * (1 + drift)), math.floor(true))
        now = float(count.at(number * 0.1))
        assert now >= told
        told = now
        counted = math.floor(true) - math.floor(start)
        assert counted - 1 - 1e-6 <= now <= counted + 1 + 1e-6
        assert abs(now - (true - start)) <= abs(drift) * (true - start) + 1e-6


def test_a_drifting_integral_is_held_to_the_register_once_both_have_run_for_long() -> None:
    count, true = EnergyCount(), 0.5
    for number in range(200_000):
        count.add(number * 0.1, Watt(1800.0 * 1.01), math.floor(true))
        true += 1800 * 0.1 / 3600
    told = float(count.at(200_000 * 0.1 - 0.1))
    assert abs(told - (true - 0.5)) < 1.0
    assert 1.01 * (true - 0.5) - (true - 0.5) > 50


def test_between_readings_the_power_is_taken_to_stay_but_not_for_long() -> None:
    count = EnergyCount()
    count.add(10.0, Watt(1800.0), 7)
    assert count.at(10.1) == pytest.approx(0.05)
    assert count.at(20.0) == pytest.approx(0.15)


def test_what_flowed_before_a_dark_module_was_heard_counts_in_full() -> None:
    count = EnergyCount()
    count.pause(10.0)
    count.add(10.4, Watt(1800.0), 7)
    assert count.at(10.4) == pytest.approx(1800 * 0.4 / 3600)
    count.pause(20.0)
    count.add(20.3, Watt(1800.0), 7)
    assert count.at(20.3) == pytest.approx(1800 * 0.7 / 3600)


def test_a_register_that_goes_back_is_a_fault() -> None:
    count = EnergyCount()
    count.add(0.0, Watt(0.0), 7)
    with pytest.raises(RigFault, match="went back from 7 to 0 Wh"):
        count.add(0.1, Watt(0.0), 0)


def test_a_register_that_comes_to_its_end_goes_on_from_zero_and_the_count_with_it() -> None:
    count, register = EnergyCount(), 9_999_998
    for tenth in range(100):
        now = tenth / 10
        true = 1800 * now / 3600
        count.add(now, Watt(1800.0), (register + int(true)) % 10_000_000)
        assert count.at(now) == pytest.approx(true, abs=0.001)


def test_the_driver_counts_across_the_end_of_the_modules_register() -> None:
    present = [PzemValues(230.0, 0.0, 0.0, 9_999_999.0, 50.0)]
    module = VirtualPzem(lambda: present[0])
    with answering(module.answer) as path:
        meter = on_serial(path, WallClock().now)
        meter.poll()
        present[0] = PzemValues(230.0, 0.0, 0.0, 10_000_007.0, 50.0)
        meter.poll()
        assert meter.read().energy_wh == 7
        assert meter.energy() == pytest.approx(8.0, abs=1.0)
        meter.close()
