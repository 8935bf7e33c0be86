"""Which sessions are analysed together, and what a reader must know of that before believing the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError
from hil.rig.check.capabilities import voltage_uncertainty
from hil.study.decisions import decide
from hil.study.design import UNITS
from hil.study.quantities import QuantityResult, analyse
from hil.study.resolution import shares_of_resolution
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
    distinct = _without_copies(alike)
    taken = distinct if all_together or not sessions else list(sessions)
    highest = {name: max(each.level for each in newest.of(name)) for name in UNITS if newest.of(name)}
    quantities = analyse(taken, _seconds(newest), distinct, shares_of_resolution(rig, highest))
    return StudyResult(
        rig=rig.options.name,
        virtual=rig.virtual,
        sessions=tuple(taken),
        quantities=quantities,
        decisions=tuple(decide(limits, quantities, rig)),
        unknown_limits=unknown_limits,
        remarks=tuple(_remarks(rig, taken, quantities, len(every) - len(alike), len(alike) - len(distinct))),
        folder=folder,
    )


def _design(session: StudySession) -> Counter[tuple[str, float]]:
    """Return how often a session has measured each level: what must be equal to be taken together."""
    return Counter((each.quantity, round(each.level, 9)) for each in session.measured)


def _without_copies(sessions: Sequence[StudySession]) -> list[StudySession]:
    """Leave out what the same seed has measured on the same virtual bench before; the newest of them stays.

    A seed draws the errors of the bench's instruments, so such sessions are of one bench, and mostly equal. Counted
    each by itself they would make the benches look alike. Each session of a physical bench has conditions of its own.
    """
    newest = {(each.seed, each.bench) if each.virtual else (each.label, ""): each for each in sessions}
    return [each for each in sessions if any(each is kept for kept in newest.values())]


def _seconds(session: StudySession) -> float:
    """Return for how long power flowed in a trial: the levels of power and energy tell it."""
    power, energy = (max(each.level for each in session.of(name)) for name in ("power", "energy"))
    return 3600 * energy / power


def _remarks(
    rig: RigFile,
    sessions: Sequence[StudySession],
    quantities: Sequence[QuantityResult],
    left_out: int,
    copies: int,
) -> list[str]:
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
    hidden = [each.quantity for each in quantities if not each.repeatability_known]
    if hidden:
        found.append(
            f"Trials do not differ in {', '.join(hidden)}, and the rig file does not say which meter it has"
            " (instruments.meter.model). So its resolution is not known, repeatability cannot be told, and no limit on"
            " them is decidable."
        )
    if copies:
        found.append(
            f"Sessions of the history that repeat seed and bench of a later one, and are not counted: {copies}."
        )
    if left_out:
        found.append(f"Sessions of the history that have other levels or trials, and are left out: {left_out}.")
    return found
