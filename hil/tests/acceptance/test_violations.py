"""A device that violates a step badly fails: exit 1, neither inconclusive nor a rig fault."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hil.bdd.language.catalogue import Catalogue, given, load_catalogue, then
from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import Finished, Project
from hil.tests.acceptance.seeded_violations import SEEDED
from hil.tests.acceptance.violations import VIOLATED, WITHOUT, feature, missing

TIMEOUT_S = 300.0
DEVICES = ("socket", "cable")


def assert_each_fails(run: Finished, steps: Sequence[str]) -> None:
    assert run.code == 1, run.said
    assert len(run.record.scenarios) == len(steps)
    for each in run.record.scenarios:
        name = str(next(each.of(Kind.START)).data["name"])
        words = steps[int(name.split()[1]) - 1]
        verdicts = [event.data["verdict"] for event in each.of(Kind.VERDICT)]
        assert next(each.of(Kind.STOP)).data["verdict"] == "fail", words
        assert "fail" in verdicts, words


def test_each_step_that_is_violated_badly_is_a_failure_of_the_device(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "violations.feature").write_text(feature(VIOLATED.values()), encoding="utf-8")

    assert_each_fails(project.run("run", "violations.feature", "--seed", "7", timeout=TIMEOUT_S), list(VIOLATED))


def test_each_step_that_only_a_seeded_defect_violates_is_a_failure_of_the_device(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "seeded.feature").write_text(feature(each.scenario for each in SEEDED), encoding="utf-8")
    defects = {device: [each.defect for each in SEEDED if each.device == device] for device in DEVICES}
    rig = project.rig("seeded.yaml", *(_with_defects(device, found) for device, found in defects.items()))

    run = project.run("run", "seeded.feature", "--rig", rig, "--seed", "7", timeout=TIMEOUT_S)

    assert_each_fails(run, [each.step for each in SEEDED])


def test_devices_without_a_defect_pass_the_scenarios_that_a_seeded_defect_fails(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "seeded.feature").write_text(feature(each.scenario for each in SEEDED), encoding="utf-8")

    run = project.run("run", "seeded.feature", "--seed", "7", timeout=TIMEOUT_S)

    assert run.code == 0, run.said


def _with_defects(device: str, defects: Sequence[str]) -> tuple[str, str]:
    """Return the passage of the virtual rig's file about a device, and that of one with these defects."""
    honest = f"serial: virtual-{device}\n        profile: {{}}"
    return honest, honest.replace("{}", f"{{defects: [{', '.join(defects)}]}}")


def test_every_then_step_has_an_entry_and_only_one() -> None:
    assert missing(load_catalogue()) == []
    seeded = {each.step for each in SEEDED}
    assert len({*VIOLATED, *seeded, *WITHOUT}) == len(VIOLATED) + len(seeded) + len(WITHOUT)


def test_a_then_step_without_an_entry_is_named_once_for_all_its_wordings_and_other_steps_want_none() -> None:
    @then("the moon is full")
    @then("the moon is round")
    def moon() -> None:
        """Not measured."""

    @given("a moon")
    def sky() -> None:
        """No Then step."""

    made = Catalogue(globals().pop("__step_definitions__"))
    assert missing(made) == ["the moon is round"]
