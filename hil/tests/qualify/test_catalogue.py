"""The catalogue of defects: what it holds, and what is told of one that cannot be tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hil import yaml_file
from hil.bdd.check import requirements
from hil.bdd.language.naming import cases, scenario_label
from hil.bdd.language.reader import read
from hil.errors import ConfigurationError
from hil.qualify.campaign import choose
from hil.qualify.catalogue import FOLDER, load, patched

ROOT = Path(__file__).parents[3]

ONE = """\
target: a device
role: socket
language: python
defects:
  - id: one-thing
    wrong: Does one thing wrong.
    requirement: REQ-PAY-1
    kind: money
    file: device.py
    old: {old}
    new: {new}
    cause: [paid]
"""


def project(folder: Path, old: str = "right", new: str = "wrong", **more: str) -> Path:
    (folder / FOLDER).mkdir(parents=True)
    (folder / "device.py").write_text("right = 1\nleft = 2\nleft = 3\n")
    for name, text in {"one.yaml": ONE.format(old=old, new=new), **more}.items():
        (folder / FOLDER / name).write_text(text)
    return folder


def test_each_defect_can_be_put_in_and_each_python_file_still_compiles() -> None:
    for target, defect in load(ROOT):
        text = patched(defect, ROOT)
        assert text != (ROOT / defect.file).read_text()
        if target.language == "python":
            compile(text, defect.file, "exec")


def test_each_defect_names_a_requirement_that_there_is() -> None:
    known = set(requirements.load(ROOT / requirements.FILE))
    assert {defect.requirement for _, defect in load(ROOT)} <= known


def test_each_likely_killer_is_a_scenario_that_there_is() -> None:
    known = {name for path in (ROOT / "features").rglob("*.feature") for name in names(path)}
    assert [killer for _, defect in load(ROOT) for killer in defect.killers if killer not in known] == []


def names(path: Path) -> Iterator[str]:
    """Yield each scenario, each outline as a whole and each of its rows, as pytest names them."""
    for case in cases(read(path)):
        for label in (case.label, scenario_label(case.scenario.name)):
            yield f"{path.relative_to(ROOT)}::{label}"


def test_no_file_of_the_product_is_changed_by_a_trial_of_it(tmp_path: Path) -> None:
    root = project(tmp_path)
    ((_, defect),) = load(root)
    assert patched(defect, root) == "wrong = 1\nleft = 2\nleft = 3\n"
    assert (root / "device.py").read_text().startswith("right")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("up", "down", "one.yaml:10:5: one-thing: the passage stands 0 times in device.py, not 1 times"),
        ("left", "down", "one.yaml:10:5: one-thing: the passage stands 2 times in device.py, not 1 times"),
        ("right", "right", "one.yaml:11:5: one-thing: it changes nothing"),
    ],
)
def test_a_defect_that_cannot_be_put_in_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(project(tmp_path, old, new))
    assert told in caught.value.what


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    broken = ONE.format(old="right", new="wrong").replace("kind: money", "kind: honey")
    with pytest.raises(ConfigurationError) as caught:
        load(project(tmp_path, "up", **{"two.yaml": broken, "three.yaml": ONE.format(old="right", new="down")}))
    assert "one.yaml:10:5" in caught.value.what
    assert "two.yaml:8:5" in caught.value.what
    assert "one-thing: 2 defects have this id" in caught.value.what


def test_defects_are_chosen_by_id_target_side_or_kind(tmp_path: Path) -> None:
    catalogue = load(project(tmp_path))
    for word in ("one-thing", "a device", "socket", "money"):
        assert [defect.id for _, defect in choose(iter(catalogue), [word])] == ["one-thing"]
    with pytest.raises(ConfigurationError, match="'cable' is no defect, target, side or kind"):
        choose(iter(catalogue), ["cable"])


def test_a_document_that_is_written_keeps_its_tags_and_comments(tmp_path: Path) -> None:
    original = ROOT / "rigs/virtual.yaml"
    yaml_file.write(yaml_file.load(original), tmp_path / "copy.yaml")
    copy = (tmp_path / "copy.yaml").read_text()
    assert "!template" in copy
    assert copy.count("#") == original.read_text().count("#")
