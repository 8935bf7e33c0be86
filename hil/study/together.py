"""Which sessions are analysed together, and what a reader must know of that before believing the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.rig.check.capabilities import voltage_uncertainty
from hil.study.decisions import decide
from hil.study.quantities import analyse
from hil.study.result import StudyResult

if TYPE_CHECKING:
    from hil.history.studies.sessions import StudySession
    from hil.rig.config.rig_file import RigFile
    from hil.study.limits import DeclaredLimit

USUAL_LEVELS, USUAL_SESSIONS = 10, 3
"""What MSA-4 takes in its examples: 10 parts and 3 appraisers, each part measured 2 or 3 times."""


def result_of(
    rig: RigFile,
    sessions: Sequence[StudySession],
    earlier: Sequence[StudySession],
    limits: Sequence[DeclaredLimit],
    unknown_limits: int,
    *,
    all_together: bool,
    folder: str = "",
) -> StudyResult:
    """Return the result of ``sessions``, and of earlier ones of the same design.

    :param all_together: whether the earlier ones count for more than the control chart: sessions of a physical rig do,
        since days and operators come together over time.
    Raises ConfigurationError if there is no session.
    """
    every = sorted({each.label: each for each in [*earlier, *sessions]}.values(), key=lambda each: each.began)
    if not every:
        raise ConfigurationError(
            f"the history has no session of rig '{rig.options.name}'",
            place=str(rig.path),
            remedy="Measure one first: hil rig study without --history.",
        )
    newest = (sessions or every)[-1]
    alike = [each for each in every if _design(each) == _design(newest)]
    taken = alike if all_together or not sessions else list(sessions)
    quantities = analyse(taken, _seconds(newest), alike)
    return StudyResult(
        rig=rig.options.name,
        virtual=rig.virtual,
        sessions=tuple(taken),
        quantities=quantities,
        decisions=tuple(decide(limits, quantities, rig)),
        unknown_limits=unknown_limits,
        remarks=tuple(_remarks(rig, taken, len(every) - len(alike))),
        folder=folder,
    )


def _design(session: StudySession) -> Counter[tuple[str, float]]:
    """Return how often a session has measured each level: what must be equal to be taken together."""
    return Counter((each.quantity, round(each.level, 9)) for each in session.measured)


def _seconds(session: StudySession) -> float:
    """Return for how long power flowed in a trial: the levels of power and energy tell it."""
    power, energy = (max(each.level for each in session.of(name)) for name in ("power", "energy"))
    return 3600 * energy / power


def _remarks(rig: RigFile, sessions: Sequence[StudySession], left_out: int) -> list[str]:
    found = []
    levels = len({each.level for each in sessions[0].of("power")})
    if len(sessions) < 2:
        found.append(
            "One session alone tells no reproducibility, and U measured has none in it. Repeat the study on other days,"
            " by other people."
        )
    if levels < USUAL_LEVELS or len(sessions) < USUAL_SESSIONS:
        found.append(
            f"Levels: {levels}, sessions: {len(sessions)}. Usual are {USUAL_LEVELS} levels and"
            f" {USUAL_SESSIONS} sessions, or more."
        )
    if not rig.virtual and rig.options.reference is None:
        found.append(
            "The rig file states no reference (options.rig.reference). So bias and linearity are not known, U measured"
            " has no bias in it, and what the appliance itself varies counts as the rig's."
        )
    if not rig.virtual:
        found.append("The true instant of a cut is not known on a physical bench: times have no bias here.")
    if voltage_uncertainty(rig) is None:
        found.append(
            "The rig file does not say which meter it has (instruments.meter.model). So U stated is not known for a"
            " limit, and the guard band is U measured."
        )
    if left_out:
        found.append(f"Sessions of the history that have other levels or trials, and are left out: {left_out}.")
    return found
