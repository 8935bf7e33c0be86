"""A run as its history and a comparison know it: verdicts and measurements as numbers, in the unit of their limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from hil.errors import ConfigurationError
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.evidence.repeated import repeated
from hil.evidence.verdicts import verdict_of_run
from hil.report.integrity import check, seal_of, verdict_as_read
from hil.report.text_format import moment, number_of, rows_of, section_of, text_of, verdict_of


@dataclass(frozen=True)
class Value:
    """A measurement that was judged.

    :ivar number: None if it was not taken, or if it is only known to lie beyond a value.
    """

    name: str
    unit: str
    number: float | None
    uncertainty: float | None
    limit_low: float | None
    limit_high: float | None
    verdict: Verdict


@dataclass(frozen=True)
class ScenarioFacts:
    """A scenario of a run.

    :ivar name: unique in its feature and run; of a scenario that ran again, with its number.
    :ivar firmware: version of what was under test; of a pair, of both.
    """

    number: int
    feature: str
    name: str
    verdict: Verdict
    setup: str
    seed: str
    firmware: str
    serial: str
    values: tuple[Value, ...]

    @property
    def title(self) -> str:
        """Feature and name: the same in each run."""
        return f"{self.feature}: {self.name}" if self.feature else self.name


@dataclass(frozen=True)
class RunFacts:
    """A run.

    :ivar digest: the recorded evidence digest; empty if the run was not finished.
    :ivar began: in UTC, ISO 8601, so that texts sort as times do.
    :ivar faults: how the evidence was altered; empty if it was not.
    """

    run_id: str
    digest: str
    began: str
    verdict: Verdict | None
    rig: str
    virtual: bool
    commit: str
    version: str
    scenarios: tuple[ScenarioFacts, ...]
    faults: tuple[str, ...] = ()


def read_facts(folder: Path) -> RunFacts:
    """Read a run folder; raises ConfigurationError if it is none."""
    try:
        record = RunRecord.load(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"this is no run folder ({error})", place=str(folder)) from None
    document, rig = record.document, section_of(record.document, "rig")
    finished = document.get("finished") is True
    seals, scenarios, damaged, again = [], [], False, repeated(document)
    times: Counter[tuple[str, str]] = Counter()
    for number in range(1, len(record.scenarios) + 1):
        scenario = record.scenarios[number - 1]
        seals.append(seal_of(scenario))
        if number in again:  # it counts by its second attempt
            continue
        damaged = damaged or not seals[-1].complete
        scenarios.append(_scenario(number, scenario, rig, times))
    recorded = verdict_of(document) if finished else None
    verdict = None
    if recorded is not None:
        verdict = verdict_of_run([*(each.verdict for each in scenarios), *([None] * damaged)], also=[recorded])
    statement = check(record, seals)
    verdict = verdict_as_read(verdict, statement)
    began = moment(text_of(document, "started") or text_of(section_of(document, "host"), "started"))
    return RunFacts(
        run_id=text_of(document, "id") or folder.name,
        digest=(text_of(document, "evidence_digest") or "") if finished else "",
        began=began.astimezone(UTC).isoformat() if began is not None else "",
        verdict=verdict,
        rig=text_of(rig, "name") or text_of(rig, "file") or "",
        virtual=rig.get("virtual") is True,
        commit=text_of(document, "commit") or "",
        version=text_of(document, "version") or "",
        scenarios=tuple(scenarios),
        faults=tuple(statement.sentences) if statement.altered else (),
    )


def _scenario(
    number: int, record: ScenarioRecord, rig: Mapping[str, Any], times: Counter[tuple[str, str]]
) -> ScenarioFacts:
    begin = next((event.data for event in record.of(Kind.START)), {})
    end = next((event.data for event in record.of(Kind.STOP)), {})
    feature, name = text_of(begin, "feature") or "", text_of(begin, "name") or record.name
    times[feature, name] += 1
    again = times[feature, name]
    setup = text_of(begin, "setup") or text_of(end, "setup") or ""
    told = {event.source: text_of(event.data, "identity") for event in record.of(Kind.DEVICE)}
    devices = [each for each in rows_of(rig, "devices") if _tested(text_of(each, "role"), setup)]
    firmware = [text_of(each, "firmware") or told.get(text_of(each, "role") or "") for each in devices]
    return ScenarioFacts(
        number=number,
        feature=feature,
        name=name if again == 1 else f"{name} ({again})",
        verdict=record.verdict if record.damage is None else Verdict.RIG_FAULT,
        setup=setup,
        seed=text_of(begin, "seed") or "",
        firmware=" + ".join(filter(None, firmware)),
        serial=" + ".join(filter(None, (text_of(each, "serial") for each in devices))),
        values=tuple(_values(record)),
    )


def _tested(role: str | None, setup: str) -> bool:
    """Tell whether the device in this role was under test; of an unknown set-up each may have been."""
    return not setup or setup == "pair" or (role is not None and setup.startswith(f"{role} "))


def _values(record: ScenarioRecord) -> Iterator[Value]:
    for event in record.of(Kind.VERDICT):
        data = event.data
        name = text_of(data, "name")
        if name is not None:
            yield Value(
                name=name,
                unit=text_of(data, "unit") or "",
                number=number_of(data, "value"),
                uncertainty=number_of(data, "uncertainty"),
                limit_low=number_of(data, "limit_low"),
                limit_high=number_of(data, "limit_high"),
                verdict=verdict_of(data) or Verdict.NOT_RUN,
            )
