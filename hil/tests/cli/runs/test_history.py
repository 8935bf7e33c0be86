"""Where a comparison or a trend is written to."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from hil.cli.runs.history import print_or_write
from hil.errors import ConfigurationError


@pytest.mark.parametrize("output", [".", "missing/page.html"])
def test_an_output_that_cannot_be_a_file_is_the_mistake_of_the_command_line(tmp_path: Path, output: str) -> None:
    options = argparse.Namespace(output=str(tmp_path / output), format="html")
    with pytest.raises(ConfigurationError, match="a file in a folder that is there is allowed"):
        print_or_write("text", options, tmp_path / "trend.html")
