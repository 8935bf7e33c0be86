"""The test classes for plug-ins: the framework's own instruments pass them, and what is wrong is found out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.conformance.finding import Wait
from hil.plugin_tests import LoadConformance, MeterConformance, RelayConformance, TranscriptConformance
from hil.plugin_tests.bench import virtual_bench
from hil.plugins.laboratory import VARIABLE, Declared, declare
from hil.ports import Relay
from hil.tests.conformance.test_relays import Coil
from hil.tests.instruments.scripted import TRANSCRIPTS

BOASTFUL = """\
from dataclasses import replace

from hil.instruments.wt310e import LIMITS, Wt310e


class Boastful(Wt310e):
    limits = replace(LIMITS, power=replace(LIMITS.power, of_reading=0.0, of_range=0.0), power_factor=0.0, quick=0.0)
"""


class TestWt310e(MeterConformance):
    dialect = "wt310e"


class TestDl3021(LoadConformance):
    dialect = "dl3021"


class TestTranscriptOfDl3021(TranscriptConformance):
    dialect = "dl3021"
    transcript = TRANSCRIPTS / "dl3021.yaml"


class TestRelay(RelayConformance):
    @pytest.fixture
    def relay(self) -> Relay:
        return Coil()

    @pytest.fixture
    def wait(self) -> Wait:
        return Coil().pass_time


class OfBoastful(MeterConformance):
    """A driver that states less uncertainty than its meter has."""

    dialect = "boastful"


@pytest.fixture
def _boastful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "boastful_driver.py").write_text(BOASTFUL, encoding="utf-8")
    twin = "hil.vbench.instruments.wt310e.meter:Wt310e"
    references = {"meters": "boastful_driver:Boastful", "virtual_meters": twin}
    declare(
        Declared(group, "boastful", name, "pyproject.toml:1:1", str(tmp_path)) for group, name in references.items()
    )
    yield
    sys.modules.pop("boastful_driver", None)


@pytest.mark.usefixtures("_boastful")
def test_a_driver_that_states_too_little_uncertainty_is_found_out() -> None:
    with (
        virtual_bench({"meter": "boastful"}) as bench,
        pytest.raises(pytest.fail.Exception, match=r"power: read .*, true .*, stated ± "),
    ):
        OfBoastful().test_its_readings_under_load_lie_within_the_bounds_that_it_states(bench)


def test_a_driver_that_another_is_chosen_before_is_found_out() -> None:
    class Misnamed(MeterConformance):
        dialect = "hmc8015"

    with (
        virtual_bench({"meter": "wt310e"}) as bench,
        pytest.raises(pytest.fail.Exception, match="'hmc8015' was expected, and 'wt310e' was chosen"),
    ):
        Misnamed().test_the_driver_is_chosen_by_what_the_twin_tells(bench)


def test_a_relay_with_a_flaw_is_found_out() -> None:
    coil = Coil(pulses=True)
    with pytest.raises(pytest.fail.Exception, match="differs: it stays as it was told: K1 was expected closed"):
        RelayConformance().test_the_relay_conforms(coil, coil.pass_time)
