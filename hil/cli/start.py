"""The way into the command: Ctrl-C ends it with the code for that, from its first moment to its last.

Until the command is loaded, Python's own answer to Ctrl-C is a traceback and a death by the signal, which a shell
takes for another code. CPython dies so at its end, too, if the KeyboardInterrupt once passed through the ``exec`` of a
text (a dataclass does that) and was caught: see its ``_Py_UnhandledKeyboardInterrupt``.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys


def main() -> int:
    """Entry point of the program; returns the exit code."""
    try:
        from hil.cli.main import main as command

        code = command()
    except KeyboardInterrupt:
        sys.stderr.write("hil: interrupted by Ctrl-C\n")
        code = 2  # hil.errors may be what was being loaded
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the code is decided
    if code == 2:
        atexit._run_exitfuncs()  # also what came before this module, as coverage does; no public function calls that
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
