"""A reader that goes away, as ``| head`` does, changes nothing but what it sees; what cannot be written is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hil.errors import ExitCode

PROGRAM = """
import sys
from hil.cli.readers import outlive_readers
outlive_readers()
sys.stdin.readline()
for number in range(20000):
    print("a line of output", number)
print("the end", file=sys.stderr)
sys.exit(4)
"""


@pytest.mark.parametrize("unbuffered", [[], ["-u"]])
def test_a_command_goes_on_to_its_end_and_keeps_its_code_when_nobody_reads_any_more(unbuffered: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, *unbuffered, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"go\n")
        process.stdin.close()
        said = process.stderr.read()

    assert process.returncode == 4
    assert said == b"the end\n"


def command(arguments: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """Run ``hil`` with its output redirected as in a shell."""
    line = f'exec "$0" -m hil.cli.main {arguments} {redirected}'
    return subprocess.run(
        ["/bin/sh", "-c", line, sys.executable], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("words", ["steps pays", "steps --format json", "--help", "--version"])
@pytest.mark.parametrize(("redirected", "why"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")])
def test_output_that_cannot_be_written_is_told_in_one_sentence(words: str, redirected: str, why: str) -> None:
    done = command(words, redirected)

    assert done.returncode == ExitCode.RIG_FAULT
    assert done.stderr == (
        f"hil: standard output: it cannot be written ({why}), so what was to be told there is lost, and nothing else."
        " Free space, or let it go elsewhere; then rerun.\n"
    )


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_errors_that_cannot_be_told_have_the_code_for_that(redirected: str) -> None:
    done = command("frobnicate", redirected)

    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.RIG_FAULT, "", "")


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-", "<&-"])
def test_a_stream_that_nothing_is_written_to_may_be_closed(redirected: str) -> None:
    done = command("steps pays", redirected)

    assert done.returncode == ExitCode.PASS
    assert "pays" in done.stdout


def test_a_code_that_weighs_more_stands() -> None:
    program = (
        "import sys; from hil.cli.readers import outlive_readers; lost = outlive_readers();"
        "print('told'); sys.exit(lost.code(8))"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" >/dev/full', sys.executable, program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == ExitCode.EVIDENCE_ALTERED
    assert "No space left on device" in done.stderr


def test_a_bench_that_cannot_say_where_it_listens_does_not_stand_there_in_vain() -> None:
    done = command("vbench up --address 127.0.0.77 --no-lan", ">/dev/full")

    assert done.returncode == ExitCode.RIG_FAULT
    assert done.stderr == (
        "hil vbench: standard output: it cannot be written (No space left on device)."
        " Free space, or let it go elsewhere; then rerun.\n"
    )
