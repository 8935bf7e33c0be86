"""A device that violates a step badly fails: exit 1, neither inconclusive nor a rig fault."""

from __future__ import annotations

from pathlib import Path

from hil.bdd.catalogue import Catalogue, given, load_catalogue, then
from hil.evidence.documents import Kind
from hil.tests.acceptance.commands import Project
from hil.tests.acceptance.violations import VIOLATED, WITHOUT, feature, missing

TIMEOUT_S = 300.0


def test_each_step_that_is_violated_badly_is_a_failure_of_the_device(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    (project.folder / "violations.feature").write_text(feature(VIOLATED), encoding="utf-8")

    run = project.run("run", "violations.feature", "--seed", "7", timeout=TIMEOUT_S)

    assert run.code == 1, run.said
    assert len(run.record.scenarios) == len(VIOLATED)
    for each in run.record.scenarios:
        name = str(next(each.of(Kind.START)).data["name"])
        words = list(VIOLATED)[int(name.split()[1]) - 1]
        verdicts = [event.data["verdict"] for event in each.of(Kind.VERDICT)]
        assert next(each.of(Kind.STOP)).data["verdict"] == "fail", words
        assert "fail" in verdicts, words


def test_every_then_step_has_an_entry_and_only_one() -> None:
    assert missing(load_catalogue()) == []
    assert not VIOLATED.keys() & WITHOUT.keys()


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
