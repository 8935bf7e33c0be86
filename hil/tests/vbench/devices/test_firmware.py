"""Two versions of a program on one storage, one after the other, as the controller asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hil.devices.lockstep.command import DeviceCommand
from hil.errors import ConfigurationError
from hil.tests.vbench.bench_kit import plain_bench
from hil.vbench.bench import Bench
from hil.vbench.control.operations import OPERATIONS
from hil.vbench.model_request import ModelRequest

K3 = 2

PROGRAM = """\
#!/bin/sh
# Says its version; adds a line to its record at power-on; ends over a record of version 9 unless it is that.
while read -r word rest; do
  [ "$word" = storage ] && storage=$rest
  [ "$word" = at ] || continue
  [ "$1" != 9 ] && grep -q 9 "$storage/record" 2>/dev/null && exit 4
  echo "version $1" >>"$storage/record"
  echo "identity version $1, $(grep -c . "$storage/record") power-ons"
  echo "until never"
done
"""


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = plain_bench()
    yield bench
    bench.close()
    bench.abandon()


def fit(bench: Bench, folder: Path, first: Sequence[str], other: Sequence[str] = ()) -> None:
    """Fit a socket with the program in these versions, and switch it on."""
    program = folder / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    command = DeviceCommand(["./program", *first], folder, other=["./program", *other] if other else ())
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": command}))
    supply(bench, on=True)


def supply(bench: Bench, *, on: bool) -> None:
    bench.model.plant.relays[K3].set(closed=on)
    until = bench.now() + 1.0
    while bench.now() < until:
        bench.advance(until, {})


def change(bench: Bench, *, other: bool) -> None:
    supply(bench, on=False)
    OPERATIONS["firmware"](bench, {"role": "socket", "other": other})
    supply(bench, on=True)


def test_each_version_starts_on_what_the_one_before_stored_and_says_who_it_is(bench: Bench, tmp_path: Path) -> None:
    fit(bench, tmp_path, ["1"], ["2"])
    assert bench.model.identities() == {"socket": "version 1, 1 power-ons"}
    change(bench, other=True)
    assert bench.model.identities() == {"socket": "version 2, 2 power-ons"}
    change(bench, other=False)
    assert bench.model.identities() == {"socket": "version 1, 3 power-ons"}
    assert bench.take_faults() == []


def test_a_version_that_ends_over_what_another_stored_has_stopped(bench: Bench, tmp_path: Path) -> None:
    fit(bench, tmp_path, ["1"], ["9"])
    change(bench, other=True)
    change(bench, other=False)
    assert bench.take_faults() == []
    assert "ended with code 4" in bench.model.stopped()["socket"]
    assert bench.model.identities() == {}


def test_a_firmware_that_is_not_there_or_cannot_be_changed_now_is_told(bench: Bench, tmp_path: Path) -> None:
    fit(bench, tmp_path, ["1"], ["2"])
    with pytest.raises(ConfigurationError, match="the supply of the socket is on"):
        OPERATIONS["firmware"](bench, {"role": "socket", "other": True})
    with pytest.raises(ConfigurationError, match="must be true or false"):
        OPERATIONS["firmware"](bench, {"role": "socket", "other": 1})
    fit(bench, tmp_path, ["1"])
    supply(bench, on=False)
    with pytest.raises(ConfigurationError, match="the socket has no other firmware"):
        OPERATIONS["firmware"](bench, {"role": "socket", "other": True})


@pytest.mark.parametrize(
    ("told", "why"),
    [({"other": "x"}, "other must be a list of texts"), ({"other": [1]}, "other must be a list of texts")],
)
def test_another_firmware_that_is_no_command_is_told(told: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        ModelRequest.of({"programs": {"socket": {"command": ["x"], "folder": "/", **told}}})
