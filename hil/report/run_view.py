"""A whole run as the report tells it: identification, equipment, summary, and what speaks against believing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.evidence.documents import Verdict
from hil.evidence.record import RunRecord
from hil.evidence.repeated import Repeated, repeated
from hil.evidence.run_folder.notes import Note, read_notes
from hil.evidence.verdicts import verdict_of_run
from hil.report.certificate import Amendment, Fact, amendment_of, fields_not_stated, identification, item_of
from hil.report.deviations import WatchdogAct, deviations_of, watchdog_acts
from hil.report.equipment import InstrumentRow, instrument_row
from hil.report.integrity import Statement, check, verdict_as_read
from hil.report.requirement_matrix import RequirementMatrix, matrix_of
from hil.report.scenario.counts import counted, tally, twice
from hil.report.scenario.view import ScenarioView, contradiction
from hil.report.scenario_loading import view_all
from hil.report.sections import AddedSection, added_sections
from hil.report.text_format import MEANINGS, moment, number_of, rows_of, section_of, stated, text_of, verdict_of
from hil.report.tried_pairs import TriedOutline, tried_outlines
from hil.report.waivers import Waivers, waivers_of

MOST_FILES = 6
"""Feature files that are named one by one; more are counted."""


@dataclass(frozen=True)
class DeviceRow:
    """An item: what the rig file says of it, and beside that the laboratory."""

    role: str | None
    description: str | None
    serial: str | None
    firmware: str | None
    condition: str | None
    received: str | None
    program: list[str]
    """Of a device that is a program: its command, its files with their SHA-256, and what it said that it is."""
    tested: bool
    """False if no scenario of the run put it on trial."""


@dataclass(frozen=True)
class RunView:
    """Everything that any report of the run tells: made once, in one pass over the evidence, for all of them."""

    folder: Path
    run_id: str
    title: str
    finished: bool
    verdict: Verdict | None
    """The recorded verdict of the run, or a worse one that its scenarios show; None if there is none."""
    sentence: str
    befell: list[str]
    """What happened to the run beside its scenarios."""
    virtual: bool | None
    amendment: Amendment | None
    not_stated: list[str]
    """The fields of ISO/IEC 17025 that the laboratory left empty."""
    identification: list[Fact]
    method: list[Fact]
    devices: list[DeviceRow]
    instruments: list[InstrumentRow]
    node: list[Fact]
    persons: list[Mapping[str, Any]]
    requirements: RequirementMatrix
    outlines: list[TriedOutline]
    """The defences that were laid over several dimensions, and what of them was tried."""
    added: list[AddedSection]
    """What plug-ins have to say of the run."""
    watchdog: list[WatchdogAct]
    deviations: list[str]
    decision_rule: str | None
    remarks: str | None
    notes: list[Note]
    """What people wrote about the run after it had ended."""
    scenarios: list[ScenarioView]
    counts: list[tuple[Verdict, int]]
    """How many scenarios ended with which verdict, without first attempts: as many as were selected."""
    integrity: Statement
    warnings: list[str]
    repeated: Mapping[int, Repeated]
    """Scenarios that ran again since their rig failed, by number: they count by their second attempt."""
    waivers: Waivers
    """The failures that someone had accepted beforehand; no verdict changes by that."""

    @property
    def counting(self) -> list[ScenarioView]:
        """The scenarios without the first attempts of those that ran again."""
        return [scenario for scenario in self.scenarios if scenario.number not in self.repeated]

    @property
    def verdicts(self) -> list[tuple[Verdict, int]]:
        """How many attempts have which verdict: as the table of them has rows."""
        return tally(self.scenarios)

    @property
    def twice(self) -> str:
        """What is told behind the counts of scenarios that ran twice; empty if none did."""
        return twice(len(self.scenarios) - len(self.counting))

    @property
    def count_words(self) -> str:
        """How many scenarios there are, and how many ended with which verdict; an attempt is not taken for one."""
        return f"{counted(self.counts)}{self.twice}"


def view_run(record: RunRecord) -> RunView:
    """Tell the run from its folder; keys that are missing are left None and never fail."""
    document = record.document
    rig, acceptance = section_of(document, "rig"), section_of(document, "acceptance")
    told = view_all(record.scenarios)
    scenarios, seals = [view for view, _ in told], [seal for _, seal in told]
    finished = document.get("finished") is True
    recorded = verdict_of(document) if finished else None
    befell = [f"{text_of(row, 'verdict')}: {text_of(row, 'why')}" for row in rows_of(document, "befell")]
    integrity = check(record, seals)
    again = repeated(document)
    counting = [scenario for scenario in scenarios if scenario.number not in again]
    verdict = verdict_as_read(_stands(recorded, counting), integrity)
    virtual = rig.get("virtual")
    acts, added = watchdog_acts(record.folder), added_sections(record)
    missing = [
        f"The section '{each.section.title}' could not be made: {each.problem}" for each in added if each.problem
    ]
    return RunView(
        folder=record.folder,
        run_id=text_of(document, "id") or record.folder.name,
        title=text_of(acceptance, "title") or "Acceptance report",
        finished=finished,
        verdict=verdict,
        sentence=MEANINGS[verdict] if verdict is Verdict.ALTERED else _sentence(finished, verdict),
        befell=befell,
        virtual=virtual if isinstance(virtual, bool) else None,
        amendment=amendment_of(acceptance),
        not_stated=fields_not_stated(document),
        identification=identification(document),
        method=_method(document, acceptance),
        devices=[_device(device, acceptance, scenarios) for device in rows_of(rig, "devices")],
        instruments=[instrument_row(row, virtual=virtual is True) for row in rows_of(rig, "instruments")],
        node=_node(section_of(document, "node")),
        persons=rows_of(acceptance, "persons"),
        requirements=matrix_of(document, counting),
        outlines=tried_outlines(counting),
        added=added,
        watchdog=acts,
        deviations=deviations_of(document, scenarios, acts),
        decision_rule=text_of(acceptance, "decision_rule"),
        remarks=text_of(acceptance, "remarks"),
        notes=read_notes(record.folder),
        scenarios=scenarios,
        counts=tally(counting),
        integrity=integrity,
        warnings=[
            *befell,
            *(f"{each}." for each in again.values()),
            *_warnings(document, finished, recorded, counting, integrity, acts),
            *missing,
        ],
        repeated=again,
        waivers=waivers_of(document, counting),
    )


def _stands(recorded: Verdict | None, scenarios: list[ScenarioView]) -> Verdict | None:
    """Return the verdict of the run by the one rule for all: no headline is milder than what stands below it."""
    if recorded is None:
        return None
    shown = [each.verdict if contradiction(each) is None else Verdict.FAIL for each in scenarios]
    return verdict_of_run(
        [None if each.damage else verdict for each, verdict in zip(scenarios, shown, strict=True)], also=[recorded]
    )


def _sentence(finished: bool, verdict: Verdict | None) -> str:
    if not finished:
        return "The run was never finished. It has no verdict; what follows is what was recorded until it broke off."
    return MEANINGS[verdict] if verdict is not None else "No verdict of the run was recorded."


def _warnings(
    document: Mapping[str, Any],
    finished: bool,
    verdict: Verdict | None,
    scenarios: list[ScenarioView],
    integrity: Statement,
    acts: list[WatchdogAct],
) -> list[str]:
    warnings = [] if finished else ["This run was never finished."]
    warnings += [f"The watchdog had to make the bench safe: {act.state}." for act in acts]
    if finished and verdict is None:
        warnings.append(f"The recorded verdict of the run is {text_of(document, 'verdict') or 'missing'}.")
    if integrity.altered:
        warnings += integrity.sentences
    for scenario in scenarios:
        if scenario.damage:
            warnings.append(f"Scenario {scenario.number}, {scenario.name}: {scenario.damage}")
        if scenario.left_unsafe and not scenario.damage:
            warnings.append(f"Scenario {scenario.number}, {scenario.name}: safe state {scenario.safe_state}.")
        if (words := contradiction(scenario)) is not None:
            warnings.append(words)
    if verdict is not None and (stands := _stands(verdict, scenarios)) is not verdict:
        warnings.append(f"The run is recorded as {verdict}, which is milder than what its scenarios say: {stands}.")
    if verdict is Verdict.PASS and any(scenario.damage for scenario in scenarios):
        warnings.append("The run is recorded as a pass, although not every scenario was recorded to its end.")
    return warnings + _of_the_calendar(section_of(document, "host"))


def _of_the_calendar(host: Mapping[str, Any]) -> list[str]:
    """Return a warning if the calendar of the machine was set while the run was under way."""
    step = number_of(host, "calendar_step_s")
    if step is None:
        began, ended = (moment(text_of(host, key)) for key in ("started", "finished"))
        if began is None or ended is None or ended >= began:
            return []
        return ["The run is recorded as having ended before it began: the calendar of the machine was set back."]
    way = "forward" if step > 0 else "back"
    return [
        f"The calendar of the machine was set {way} by {abs(step):.0f} s while the run was under way. The end of the"
        " run is reckoned from its start by a clock that nobody sets; other times of day are those of the calendar."
    ]


def _method(document: Mapping[str, Any], acceptance: Mapping[str, Any]) -> list[Fact]:
    host = section_of(document, "host")
    wall = number_of(host, "wall_s")
    machine = " · Python ".join(filter(None, (text_of(host, "platform"), text_of(host, "python"))))
    return [
        ("Method", stated(acceptance, "method")),
        ("Feature files", _feature_files(document)),
        ("Framework", f"micropay-hil {text_of(document, 'version') or '(version not recorded)'}"),
        ("Git commit", _commit(text_of(document, "commit"))),
        ("Seed", text_of(document, "seed")),
        ("Observations digest", text_of(document, "observations_digest")),
        ("Evidence digest", text_of(document, "evidence_digest")),
        ("Machine", machine or None),
        ("Wall time", None if wall is None else f"{wall:.1f} s"),
    ]


def _feature_files(document: Mapping[str, Any]) -> str | None:
    """Return the feature files, or how many they are if that takes less room: each scenario names its own."""
    files = document.get("features")
    if isinstance(files, list) and len(files) > MOST_FILES:
        return f"{len(files)} files; the report names that of each scenario"
    return text_of(document, "features")


def _node(node: Mapping[str, Any]) -> list[Fact]:
    version = " ".join(filter(None, (text_of(node, "version"), text_of(node, "subversion"))))
    native = text_of(node, "provider") == "native"
    return [
        ("Provider", text_of(node, "provider")),
        ("Version", version or None),
        ("Image", text_of(node, "image") or ("none: a program of its own" if native else None)),
        ("Image digest", text_of(node, "image_digest") or ("none" if native else None)),
        ("Options", " ".join(str(option) for option in node["options"]))
        if isinstance(node.get("options"), list)
        else ("Options", text_of(node, "options")),
    ]


def _commit(commit: str | None) -> str | None:
    return f"{commit[:-1]}, with changes that are not committed" if commit and commit.endswith("+") else commit


def _device(device: Mapping[str, Any], acceptance: Mapping[str, Any], scenarios: list[ScenarioView]) -> DeviceRow:
    role = text_of(device, "role")
    item = item_of(acceptance, role)
    setups = {scenario.setup for scenario in scenarios if scenario.setup}
    return DeviceRow(
        role=role,
        description=text_of(device, "description"),
        serial=text_of(device, "serial"),
        firmware=text_of(device, "firmware"),
        condition=stated(item, "condition"),
        received=stated(item, "received"),
        program=_programs(device, role, scenarios),
        tested=not setups or "pair" in setups or any(each.startswith(f"{role} ") for each in setups),
    )


def _programs(device: Mapping[str, Any], role: str | None, scenarios: list[ScenarioView]) -> list[str]:
    words: list[str] = []
    for key, name in (("program", "command"), ("other_firmware", "other firmware")):
        program = section_of(device, key)
        command = program.get("command")
        words += [f"{name}: {' '.join(map(str, command))}"] if isinstance(command, list) else []
        words += [f"SHA-256 of {text_of(row, 'name')}: {text_of(row, 'sha256')}" for row in rows_of(program, "files")]
    if not words:
        return []
    said = sorted({scenario.identities[role] for scenario in scenarios if role in scenario.identities})
    return [*words, f"says of itself: {'; '.join(said) or 'nothing'}"]
