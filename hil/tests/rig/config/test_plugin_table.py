"""The table [tool.hil.plugins]: each plug-in with its place, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.plugins.laboratory import VARIABLE, declared
from hil.rig.config.project import find_project

INLINE = """\
[tool.hil]
rig = "benches/one.yaml"

[tool.hil.plugins]
meters = {acme = "instruments.acme:Acme", other = "instruments.other:Other.Inner"}
virtual_meters = { acme = "twins:Acme" }
"""

SPREAD = """\
[tool.hil.plugins.meters]
acme = "instruments.acme:Acme"

[tool.hil.plugins.virtual_meters]
"acme" = "twins:Acme"
"""


def places(folder: Path, text: str) -> list[tuple[str, str, str]]:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return [(each.group, each.name, each.place) for each in find_project(folder).plugins]


def refusal(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        places(folder, text)
    return str(caught.value).removesuffix(f" {caught.value.remedy}").splitlines()


def test_each_plug_in_has_its_place(tmp_path: Path) -> None:
    assert places(tmp_path, INLINE) == [
        ("meters", "acme", "pyproject.toml:5:11"),
        ("meters", "other", "pyproject.toml:5:43"),
        ("virtual_meters", "acme", "pyproject.toml:6:20"),
    ]
    assert places(tmp_path, SPREAD + "\n[tool.hil]\n") == [
        ("meters", "acme", "pyproject.toml:2:1"),
        ("virtual_meters", "acme", "pyproject.toml:5:1"),
    ]


def test_plug_ins_count_once_the_laboratory_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # what a test declares goes with it
    monkeypatch.setattr("sys.path", [])
    places(tmp_path, INLINE)

    find_project(tmp_path).make_importable()

    assert [(each.reference, each.root) for each in declared()] == [
        ("instruments.acme:Acme", str(tmp_path)),
        ("instruments.other:Other.Inner", str(tmp_path)),
        ("twins:Acme", str(tmp_path)),
    ]


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = INLINE.replace("virtual_meters", "virtual_meter").replace('"instruments.acme:Acme"', '"instruments.acme"')

    told = refusal(tmp_path, text.replace("other =", '"two words" =').replace("rig =", "rigg ="))

    file = tmp_path / "pyproject.toml"
    assert [line.partition(";")[0].partition(" (read")[0].rstrip(".") for line in told] == [
        f"{file}:2:1: 'rigg' is not known",
        f"{file}:5:11: plugins.meters: acme: a module and a class, as in 'instruments.acme:Acme9000'",
        f"{file}:5:38: plugins.meters: 'two words' is no name: letters, digits, '_', '-', '+' and '.'",
        f"{file}:6:1: plugins: 'virtual_meter' is no group",
    ]
    assert "Did you mean 'virtual_meters'?" in told[3]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('[tool.hil]\nplugins = "acme"\n', "plugins: a table with the groups meters, loads"),
        ("[tool.hil.plugins]\nmeters = 3\n", "2:1: plugins.meters: names and classes, as in {acme9000 ="),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, table: str, told: str) -> None:
    assert told in refusal(tmp_path, table)[0]
