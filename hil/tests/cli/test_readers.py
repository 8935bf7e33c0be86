"""A reader that goes away, as ``| head`` does, changes nothing but what it sees."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
