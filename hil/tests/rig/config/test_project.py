"""The table [tool.hil]: found upwards, paths from its file, defaults, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.rig.config.project import DEFAULTS, find_project, look_for_project

TABLE = """\
[project]
name = "lab"
steps = "of the project"

[tool.hil]
steps = ["hil.steps", "steps"]
rig = "benches/one.yaml"
node = "native"
"""


def laboratory(folder: Path, text: str = TABLE) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        find_project(laboratory(folder, text))
    return str(caught.value)


def test_the_table_is_found_from_a_folder_below_and_its_paths_are_relative_to_its_file(tmp_path: Path) -> None:
    below = laboratory(tmp_path) / "features" / "deep"
    below.mkdir(parents=True)

    project = find_project(below)

    assert (project.root, project.rig) == (tmp_path, tmp_path / "benches/one.yaml")
    assert (project.steps, project.node) == (("hil.steps", "steps"), "native")
    assert (project.features, project.profiles) == (tmp_path / "features", tmp_path / "profiles")
    assert project.places["rig"] == f"{tmp_path}/pyproject.toml:7:1"


def test_a_folder_with_rigs_and_features_is_a_laboratory_with_the_defaults(tmp_path: Path) -> None:
    laboratory(tmp_path, "[project]\nname = 'micropay-hil without a table'\n")
    for name in ("rigs", "features"):
        (tmp_path / name).mkdir()

    project = find_project(tmp_path / "rigs")

    assert (project.root, project.rig) == (tmp_path, tmp_path / "rigs/virtual.yaml")
    assert (project.steps, project.node, project.places) == (("hil.steps",), None, {})


def test_the_nearest_laboratory_counts(tmp_path: Path) -> None:
    inner = laboratory(tmp_path) / "inner"
    for name in ("rigs", "features"):
        (inner / name).mkdir(parents=True)

    assert find_project(inner).root == inner


def test_a_folder_without_either_is_no_laboratory(tmp_path: Path) -> None:
    assert look_for_project(laboratory(tmp_path, "[tool.other]\nhil = 1\n")) is None
    with pytest.raises(ConfigurationError, match=r"no laboratory here: .* Change into one, or make one with hil init"):
        find_project(tmp_path)


def test_a_file_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    assert find_project(laboratory(tmp_path)).node == "native"
    assert find_project(laboratory(tmp_path, TABLE.replace("native", "docker"))).node == "docker"


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    wrong = TABLE.replace("rig =", "  rigg =").replace('"native"', '"nativ"') + "profiles = 3\nfeatures = ' '\n"

    told = refusal(tmp_path, wrong).splitlines()

    assert (
        told[0]
        == f"{file}:7:3: 'rigg' is not known; known: {', '.join(sorted([*DEFAULTS, 'plugins']))}. Did you mean 'rig'?"
    )
    assert told[1].startswith(f"{file}:8:1: node: 'nativ' is no provider of a node; known: auto, docker")
    assert told[2] == f"{file}:9:1: profiles: a text (read: 3)"
    assert told[3].startswith(f"{file}:10:1: features: a text (read: ' '). Mend [tool.hil]")


@pytest.mark.parametrize("value", ["'steps'", "[]", "[1]", "['a b']", "['..']", "['steps.']", "{a = 1}"])
def test_steps_that_are_no_list_of_modules_are_refused(tmp_path: Path, value: str) -> None:
    assert f"{tmp_path}/pyproject.toml:2:1: steps: a list of modules" in refusal(
        tmp_path, f"[tool.hil]\nsteps = {value}\n"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[ tool . hil ]\n'wrong' = 1\n", "2:1"),
        ("tool.hil.wrong = 1\n", "1:1"),
        ("[tool]\nhil = {wrong = 1}\n", "1:1"),
        ("[tool.hil.wrong]\n", "1:1"),
        ("[a]\nwrong = 1\n[tool.hil]\n# wrong = 2\nwrong = 1\n", "5:1"),
    ],
)
def test_a_wrong_entry_is_told_with_its_place_however_it_is_written(tmp_path: Path, text: str, place: str) -> None:
    assert refusal(tmp_path, text).startswith(f"{tmp_path}/pyproject.toml:{place}: 'wrong' is not known")


def test_a_table_that_is_none_and_a_file_that_is_no_toml_are_refused_with_their_place(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[tool]\nhil = 3\n").startswith(f"{tmp_path}/pyproject.toml:1:1: [tool.hil] is a table")
    assert f"{tmp_path}/pyproject.toml:2:7: this is no TOML: " in refusal(tmp_path, "[tool.hil]\nrig = \n")
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.hil]\nrig = '\xff'\n")
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml: cannot be read \(no UTF-8"):
        find_project(tmp_path)


def test_new_steps_go_to_the_last_package_of_the_laboratory(tmp_path: Path) -> None:
    project = find_project(laboratory(tmp_path))
    assert project.own_steps is None

    (tmp_path / "steps").mkdir()

    assert project.own_steps == tmp_path / "steps"


def test_the_provider_is_that_of_the_option_then_of_the_environment_then_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = find_project(laboratory(tmp_path))
    monkeypatch.setenv("NODE", "external")

    assert (project.provider("docker"), project.provider(None)) == ("docker", "external")
    monkeypatch.delenv("NODE")
    assert project.provider(None) == "native"
