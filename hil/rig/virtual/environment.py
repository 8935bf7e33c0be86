"""Environment variables by which rig files name what is known only when a virtual bench runs.

labgrid's templates see only those that begin with ``LG_``.
"""

ADDRESS_VARIABLE = "LG_HIL_BENCH"
"""The address of the bench."""

TERMINAL_VARIABLES = {"meter": "LG_HIL_METER", "load": "LG_HIL_LOAD"}
"""The PTY of an instrument that has RS-232, e.g. ``ASRL$LG_HIL_METER::INSTR``."""

STANDARD_PORTS = {"meter": 5025, "control": 7000}
"""Where a bench listens that was given an address only (decision 0002)."""
