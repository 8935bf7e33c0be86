"""What ``hil new`` writes is sound as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check.preflight import check
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.reader import read
from hil.cli.scaffold import new_feature, new_steps
from hil.errors import ConfigurationError
from hil.tests.bdd.samples import catalogue_of


def test_new_feature_has_no_mistake(tmp_path: Path) -> None:
    path = new_feature("a kettle at Noon", tmp_path)
    assert path.name == "a-kettle-at-noon.feature"
    feature = read(path)
    assert feature.name == "A kettle at Noon"
    assert check([feature], load_catalogue(), set()) == []


def test_new_steps_can_be_loaded_and_are_documented(tmp_path: Path) -> None:
    path = new_steps("Thunder-storms", tmp_path)
    assert path.name == "thunder_storms.py"
    stimulus, demand = catalogue_of(path.read_text()).definitions
    assert str(stimulus) == "When thunder storms lasts for {duration}"
    assert str(demand) == "Then at most {energy} flowed in all while thunder storms lasted"
    assert stimulus.doc
    assert demand.doc
    assert demand.measures
    assert not stimulus.measures


@pytest.mark.parametrize("name", ["", "東京", "7 dwarfs", "../"])
def test_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name"):
        new_feature(name, tmp_path)


def test_a_letter_with_a_mark_counts_as_the_letter(tmp_path: Path) -> None:
    assert new_feature("Ärger mit dem Kessel", tmp_path).name == "arger-mit-dem-kessel.feature"


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = new_feature("kettle", tmp_path)
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="there is such a file already"):
        new_feature("Kettle", tmp_path)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        new_feature("kettle", tmp_path / "nowhere")
