"""Where a person can be asked: at a bench in real time whose rig file says that a person is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.language.applicability import demands
from hil.bdd.language.catalogue import load_catalogue
from hil.rig.config.rig_file import RigFile

RIGS = Path(__file__).parents[3] / "rigs"
STEP = 'the operator confirms "the lamp is lit" within 2 min'


def unmet(rig: RigFile, keyword: str, *rules: str, step: str = STEP) -> list[str]:
    (definition,) = load_catalogue().find(keyword, step)
    arguments = definition.expression.values(step)
    checks = demands(definition.function, *rules)
    told = (each.check(*arguments) if each.rule == "misfit" else each.check(rig, *arguments) for each in checks)
    return [why for why in told if why]


@pytest.mark.parametrize("keyword", ["given", "when", "then"])
def test_a_bench_in_real_time_with_a_person_offers_it(keyword: str) -> None:
    assert unmet(RigFile.load(RIGS / "realtime.yaml"), keyword, "not-offered", "misfit") == []


def test_a_bench_without_a_person_does_not_offer_it(tmp_path: Path) -> None:
    text = (RIGS / "realtime.yaml").read_text(encoding="utf-8")
    (tmp_path / "rig.yaml").write_text(text.replace("      - operator\n", ""), encoding="utf-8")

    assert unmet(RigFile.load(tmp_path / "rig.yaml"), "then", "not-offered") == [
        "rig 'realtime' has no feature 'operator'"
    ]


def test_in_virtual_time_no_person_can_be_asked_whatever_the_rig_file_says(tmp_path: Path) -> None:
    text = (RIGS / "virtual.yaml").read_text(encoding="utf-8")
    assert "      - seeded-faults\n" in text
    (tmp_path / "rig.yaml").write_text(
        text.replace("      - seeded-faults\n", "      - seeded-faults\n      - operator\n"), encoding="utf-8"
    )

    assert unmet(RigFile.load(tmp_path / "rig.yaml"), "then", "not-offered") == [
        "rig 'virtual' runs in virtual time, in which no person can be asked"
    ]


def test_a_question_needs_words() -> None:
    step = 'the operator confirms " " within 2 min'

    why = unmet(RigFile.load(RIGS / "realtime.yaml"), "then", "misfit", step=step)
    assert why == ["the operator is asked nothing"]
