"""What can be said against a step before anything is switched: by the rig file, by its values, by the other steps.

For the decorators of :mod:`hil.testing`. Functions for :func:`~hil.testing.needs`, :func:`~hil.testing.within`,
:func:`~hil.testing.decides` and :func:`~hil.testing.unsure` get the :class:`RigFile` and the step's values, those for
:func:`~hil.testing.sensible` the values alone. Methods of :class:`Course`, and the functions of ``agreement``,
``cheats``, ``demanded`` and ``doubts``, are for :func:`~hil.testing.tells`; a step that may stand anywhere
in a session, and takes no time that counts, tells ``Course.goes_on``. Each returns what is wrong, or ``""``.
"""

from __future__ import annotations

from hil.bdd.check.feasibility import agreement, cheats, demanded, doubts
from hil.bdd.check.feasibility.course import Course
from hil.bdd.check.feasibility.protocol_limits import CLOSE_REASONS, LEAST_COIN_SAT, MOST_COINS, no_offer
from hil.bdd.check.values import in_order, zero_too
from hil.rig.check.capabilities import (
    beyond_load,
    doubtful_edge,
    no_real_time,
    undecidable_edge,
    undecidable_energy,
    undecidable_interruption,
    unread_updates,
)
from hil.rig.check.device_programs import no_calendar, no_other_firmware, no_program, no_slow_storage, no_storage_fault
from hil.rig.check.shapes import beyond_shape, shapes_no_current
from hil.rig.config.rig_file import OTHER_SOCKET, PAIR, RigFile
from hil.rig.sampling.timer import SAMPLE_PERIOD_S
from hil.scenario.plan import TOASTER_W

__all__ = [
    "CLOSE_REASONS",
    "LEAST_COIN_SAT",
    "MOST_COINS",
    "OTHER_SOCKET",
    "PAIR",
    "SAMPLE_PERIOD_S",
    "TOASTER_W",
    "Course",
    "RigFile",
    "agreement",
    "beyond_load",
    "beyond_shape",
    "cheats",
    "demanded",
    "doubtful_edge",
    "doubts",
    "in_order",
    "no_calendar",
    "no_offer",
    "no_other_firmware",
    "no_program",
    "no_real_time",
    "no_slow_storage",
    "no_storage_fault",
    "shapes_no_current",
    "undecidable_edge",
    "undecidable_energy",
    "undecidable_interruption",
    "unread_updates",
    "zero_too",
]
