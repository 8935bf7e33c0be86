"""The public interface of the framework: all that a step is made of. The framework's own steps use nothing else.

A Given step says what stands on the bench, a When step does something to it, a Then step returns what is measured and
its limit::

    from hil.testing import Check, Limit, Source, Watt, sampled, then
    from hil.testing.measurements import energy

    @then("the kettle drew at most {power}")
    def kettle_drew(most: Watt, /) -> Check:
        \"\"\"The largest reading of the scenario, an average over one update of the meter.\"\"\"
        return sampled("highest power", Limit("W", high=float(most)), energy.highest_power, Source.LAB_METER)

- Steps: :func:`given`, :func:`when`, :func:`then`; :func:`parameter_type` for a parameter type of one's own; when a
  step may stand: :func:`sets_up`, :func:`switches_on`, :func:`under_way`, :func:`at_any_time`,
  :func:`proves_the_bench`; what a step demands: :func:`needs`, :func:`feature`, :func:`within`, :func:`decides`,
  :func:`unsure`, :func:`sensible`, :func:`tells`; what it says of other steps: a :class:`Cause` that it :func:`brings`,
  :func:`follows`, :func:`ends` or is :func:`not_while`, and what is said :func:`once`.
- Measurements: a :class:`Check` is declared by :func:`counted`, :func:`timed`, :func:`sampled` and the short forms
  :func:`number`, :func:`at_least`, :func:`within_time`, with a :class:`Limit` and its :class:`Source`. What observes
  gets an :class:`Observer` and returns :class:`Counted`, :class:`Timed` or :class:`Sampled`; it raises
  :class:`DeviceIdle` or :class:`EvidenceMissing` if there is nothing to observe.
- Stimuli: a When step gets the :class:`ScenarioRun`; it acts on ``scenario.rig`` by the ports (:class:`Meter`,
  :class:`Load`, :class:`Ledger`), waits on ``scenario.observer``, and writes what it did to ``scenario.recorder``.
- Units: quantities are floats in the unit that the type names; money is integer :class:`Satoshi`.
- Errors: raise :class:`AuthorError` for what the author of a feature must change, :class:`RigFault` for what the bench
  owes. What the device under test owes is a missed limit, and never an exception of a step.

What the shipped steps measure and do is in :mod:`hil.testing.measurements` and :mod:`hil.testing.stimuli`; what can be
said against a step before anything is switched in :mod:`hil.testing.feasibility`.

``docs/reference/versions.md`` says what a release may change here. A test holds all names and signatures.
"""

from __future__ import annotations

from hil.bdd.language.applicability import decides, feature, needs, sensible, tells, unsure, within
from hil.bdd.language.catalogue import given, then, when
from hil.bdd.language.facts import Cause, brings, ends, follows, not_while, once
from hil.bdd.language.own_parameters import parameter_type
from hil.bdd.language.phases import at_any_time, proves_the_bench, sets_up, switches_on, under_way
from hil.clock import Clock
from hil.errors import AuthorError, ConfigurationError, DeadlineExceeded, HilError, RigFault, nearest
from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.event_intervals import Interval, instant, not_until
from hil.evidence.limits import Limit
from hil.evidence.observations import Counted, DeviceIdle, EvidenceMissing, Sampled, Source, Timed
from hil.ports import Ledger, LedgerTransaction, Load, Meter, Reading
from hil.rig.recorder import Frame, Recorder
from hil.scenario.abuse_plan import AbusePlan
from hil.scenario.check import Check, at_least, counted, number, sampled, timed, within_time
from hil.scenario.load_profiles import LoadProfile
from hil.scenario.observer import Observer
from hil.scenario.plan import Plan
from hil.scenario.scenario import ScenarioRun
from hil.units import (
    Ampere,
    CurrentShape,
    Mebibyte,
    Ohm,
    Percent,
    Satoshi,
    Second,
    Volt,
    Watt,
    WattHour,
    format_quantity,
)

__all__ = [
    "AbusePlan",
    "Ampere",
    "AuthorError",
    "Cause",
    "Check",
    "Clock",
    "ConfigurationError",
    "Counted",
    "CurrentShape",
    "DeadlineExceeded",
    "DeviceIdle",
    "Event",
    "EvidenceMissing",
    "Frame",
    "HilError",
    "Interval",
    "Kind",
    "Ledger",
    "LedgerTransaction",
    "Limit",
    "Load",
    "LoadProfile",
    "Mebibyte",
    "Meter",
    "Observer",
    "Ohm",
    "Percent",
    "Plan",
    "Reading",
    "Recorder",
    "RigFault",
    "Sampled",
    "Satoshi",
    "ScenarioRun",
    "Second",
    "Source",
    "Timed",
    "Verdict",
    "Volt",
    "Watt",
    "WattHour",
    "at_any_time",
    "at_least",
    "brings",
    "counted",
    "decides",
    "ends",
    "feature",
    "follows",
    "format_quantity",
    "given",
    "instant",
    "nearest",
    "needs",
    "not_until",
    "not_while",
    "number",
    "once",
    "parameter_type",
    "proves_the_bench",
    "sampled",
    "sensible",
    "sets_up",
    "switches_on",
    "tells",
    "then",
    "timed",
    "under_way",
    "unsure",
    "when",
    "within",
    "within_time",
]
