"""Ctrl-C ends the command with the code for that, at each moment."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from hil.errors import ExitCode

START = "from hil.cli.start import main; sys.exit(main())"


def ended(before: str) -> tuple[int, str]:
    """Run the command after other code; return its exit code and what it wrote to standard error."""
    command = [sys.executable, "-c", f"import sys; {before}; {START}", "plugins"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_ctrl_c_while_the_command_is_loaded_has_its_code_and_a_sentence() -> None:
    interrupted = "class Slow:\n def find_spec(self, name, *_):\n  if name == 'hil.cli.main': raise KeyboardInterrupt\n"

    code, told = ended(f"exec({interrupted!r}); sys.meta_path.insert(0, Slow())")

    assert (code, told) == (ExitCode.INTERRUPTED, "hil: interrupted by Ctrl-C\n")


@pytest.mark.parametrize(("text", "by"), [("", "Ctrl-C"), ("'SIGTERM'", "SIGTERM")])
def test_an_interrupt_that_passed_through_the_exec_of_a_text_does_not_kill_the_command(text: str, by: str) -> None:
    raises = f"exec({f'raise KeyboardInterrupt({text})'!r})"

    code, told = ended(f"import hil.cli.plugins as p; p._plugins = lambda *_: {raises}")

    assert (code, told) == (ExitCode.INTERRUPTED, f"hil plugins: interrupted by {by}\n")


def test_what_was_to_be_done_at_the_end_is_done() -> None:
    code, told = ended(
        "import atexit, hil.cli.plugins as p; atexit.register(sys.stderr.write, 'closed');"
        " p._plugins = lambda *_: exec('raise KeyboardInterrupt')"
    )

    assert code == ExitCode.INTERRUPTED
    assert "closed" in told


def test_ctrl_c_when_the_code_is_decided_changes_nothing() -> None:
    late = f"import atexit, os; atexit.register(os.kill, os.getpid(), {signal.SIGINT.value})"

    code, _ = ended(f"{late}; import hil.cli.plugins as p; p._plugins = lambda *_: 0")

    assert code == ExitCode.PASS
