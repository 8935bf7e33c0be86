"""A program whose storage was made to fail, and what the bench makes of its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.devices.lockstep.command import DeviceCommand
from hil.tests.vbench.bench_kit import plain_bench
from hil.vbench.bench import Bench
from hil.vbench.control.seeded_faults import seed
from hil.vbench.model_request import ModelRequest

K3 = 2

PROGRAM = """\
#!/bin/sh
# Writes another record each second; how it ends if it cannot is its first argument.
while read -r word rest; do
  [ "$word" = storage ] && storage=$rest
  [ "$word" = at ] || continue
  due=$(( ${rest%% *} + 1000000 ))
  if ! (echo "$rest" >"$storage/record-$due") 2>/dev/null; then
    echo "contact open"
    eval "$1"
  fi
  echo "until $due"
done
"""


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = plain_bench()
    yield bench
    bench.close()
    bench.abandon()


def run_program(bench: Bench, folder: Path, ending: str) -> None:
    """Let the socket of the bench run the program, for 2 s so far."""
    program = folder / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    command = DeviceCommand(["./program", ending], folder)
    bench.reset(ModelRequest("s", devices={"socket": {}}, programs={"socket": command}))
    bench.model.plant.relays[K3].set(closed=True)
    until(bench, 2.0)
    assert bench.take_faults() == []


def until(bench: Bench, instant: float) -> None:
    while bench.now() < instant:
        bench.advance(instant, {})


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_program_that_ends_over_a_seeded_fault_of_its_storage_has_stopped_and_starts_again(
    bench: Bench, tmp_path: Path, fault: str
) -> None:
    run_program(bench, tmp_path, "exit 3")
    seed(bench, "socket storage", fault, 0.0)
    until(bench, 5.0)
    assert bench.take_faults() == []
    assert "its program ended with code 3" in bench.model.stopped()["socket"]
    seed(bench, "socket storage", "works again", 0.0)
    for on in (False, True):
        bench.model.plant.relays[K3].set(closed=on)
        until(bench, bench.now() + 2.0)
    assert (bench.take_faults(), bench.model.stopped()) == ([], {})


@pytest.mark.parametrize(
    ("ending", "how"), [("kill -SEGV $$", "was ended by signal 11"), ("echo nonsense", "not allowed")]
)
def test_a_program_that_crashes_or_talks_nonsense_has_failed_whatever_its_storage_does(
    bench: Bench, tmp_path: Path, ending: str, how: str
) -> None:
    run_program(bench, tmp_path, ending)
    seed(bench, "socket storage", "full", 0.0)
    until(bench, 5.0)
    ((who, told),) = bench.take_faults()
    assert (who, how in told) == ("socket", True)


def test_a_program_that_ends_while_its_storage_works_has_failed(bench: Bench, tmp_path: Path) -> None:
    run_program(bench, tmp_path, "exit 3")
    seed(bench, "socket storage", "full", 0.0)
    seed(bench, "socket storage", "works again", 0.0)
    for on in (False, True):
        bench.model.plant.relays[K3].set(closed=on)
    (tmp_path / "program").write_text("#!/bin/sh\nexit 3\n")
    for on in (False, True):
        bench.model.plant.relays[K3].set(closed=on)
        until(bench, bench.now() + 2.0)
    assert [who for who, _ in bench.take_faults()] == ["socket"]
