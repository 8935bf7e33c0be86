"""The steps of a link that fails: what an author may write, what it means, and where it is not applicable."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.bdd.check import preflight, rig_problems
from hil.bdd.language import reader
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.naming import cases
from hil.errors import AuthorError
from hil.links.faults import FaultKind, FaultRule
from hil.rig.config.rig_file import RigFile
from hil.scenario.stimuli import link as link_faults

RIG = Path(__file__).parents[3] / "rigs" / "virtual.yaml"
SCENARIO = """Feature: Link
  Scenario: One
    Given socket and cable are a pair in single-fee mode
    And the load draws 1300 W
    {keyword} {step}
"""


class Noting:
    """Stands where a scenario stands; keeps the rules."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def put_in_force(self, rule: FaultRule) -> None:
        self.rules.append(rule)


def written(tmp_path: Path, step: str, keyword: str = "When") -> Path:
    file = tmp_path / "link.feature"
    file.write_text(SCENARIO.format(keyword=keyword, step=step), encoding="utf-8")
    return file


def problems(tmp_path: Path, step: str, keyword: str = "When") -> list[str]:
    document = reader.read(written(tmp_path, step, keyword))
    return [str(problem) for problem in preflight.check([document], load_catalogue())]


@pytest.mark.parametrize("keyword", ["Given", "When"])
@pytest.mark.parametrize(
    "step",
    [
        "the link loses 10 % of the messages",
        "the link reorders 5 % of the messages to the cable",
        "the link delays every message by 200 ms",
        "the link delays every message by up to 500 ms",
        "the link hands messages over byte by byte",
        "the cable's end of the link runs at 9600 baud",
        "the third PAYMENT_REQUEST to the cable is truncated",
        "someone on the line redirects the payee of the second PAYMENT to the socket to himself",
        "someone on the line redirects the change of every PAYMENT_REQUEST to the cable to himself",
        "someone on the line falsifies the energy of the third METER to the cable",
        "someone on the line says HELLO of this session to the socket after the first OFFER to the cable",
        "every RECEIPT to the cable is duplicated",
        "every METER to the socket is delayed by 2 s",
        "the link breaks for 5 s before the first OFFER to the cable",
        "everything to the socket vanishes for 5 s from the second PAYMENT on",
    ],
)
def test_a_standing_fault_may_be_in_force_from_the_beginning_or_from_then_on(
    tmp_path: Path, keyword: str, step: str
) -> None:
    found = [each for each in problems(tmp_path, step, keyword) if "Then" not in each]
    assert found == []


def test_a_word_that_is_no_damage_is_found_before_the_run(tmp_path: Path) -> None:
    (found, *_) = problems(tmp_path, "the next PAYMENT to the socket is droped")
    assert "link.feature:5" in found
    assert "dropped" in found


def test_a_bench_whose_tap_may_not_touch_the_bytes_is_told_so_before_the_run(tmp_path: Path) -> None:
    text = RIG.read_text(encoding="utf-8").replace("      - link-faults\n", "")
    rig = tmp_path / "no-faults.yaml"
    rig.write_text(text, encoding="utf-8")
    document = reader.read(written(tmp_path, "the link babbles for 5 s"))
    (case,) = cases(document)
    (found,) = rig_problems.problems(document, case, load_catalogue(), RigFile.load(rig))
    assert (found.rule, found.what) == ("not-offered", "rig 'virtual' has no feature 'link-faults'")
    assert rig_problems.problems(document, case, load_catalogue(), RigFile.load(RIG)) == []


def test_what_is_written_becomes_a_rule() -> None:
    scenario = Noting()
    link_faults.strike_share(scenario, "loses", 10.0)  # type: ignore[arg-type]  # all that it needs of a scenario
    link_faults.strike(scenario, "PAYMENT", "to the socket", "corrupted", first=2)  # type: ignore[arg-type]  # as above
    link_faults.delay_messages(scenario, "METER", "to the cable", 2.0, count=None)  # type: ignore[arg-type]  # as above
    link_faults.break_at(scenario, "after", "CLOSE", "to the cable", 1, 5.0)  # type: ignore[arg-type]  # as above
    assert scenario.rules == [
        FaultRule(FaultKind.DROP, share=0.1),
        FaultRule(FaultKind.CORRUPT, "to socket", "PAYMENT", 2, 1),
        FaultRule(FaultKind.DELAY, "to cable", "METER", delay_s=2.0),
        FaultRule(FaultKind.BREAK_AFTER, "to cable", "CLOSE", 1, 1, dead_s=5.0),
    ]


def test_one_end_at_another_rate_garbles_both_directions() -> None:
    scenario = Noting()
    link_faults.mismatch_baud(scenario, "cable", 9600)  # type: ignore[arg-type]  # all that it needs of a scenario
    assert {rule.to: rule.bauds for rule in scenario.rules} == {
        "to socket": (9600, 115_200),
        "to cable": (115_200, 9600),
    }


def test_what_cannot_be_is_an_authors_error() -> None:
    scenario = Noting()
    with pytest.raises(AuthorError, match="OFFER comes from the socket and goes to the cable, not to the socket"):
        link_faults.strike(scenario, "OFFER", "to the socket", "dropped")  # type: ignore[arg-type]
    with pytest.raises(AuthorError, match="0 % is no share"):
        link_faults.strike_share(scenario, "loses", 0.0)  # type: ignore[arg-type]
    with pytest.raises(AuthorError, match="115200 baud is no other rate"):
        link_faults.mismatch_baud(scenario, "socket", 115_200)  # type: ignore[arg-type]
    with pytest.raises(AuthorError, match="1 to 600 times a minute, not 0"):
        link_faults.flap(scenario, 0, 60.0)  # type: ignore[arg-type]
    with pytest.raises(AuthorError, match="it does in FUNDING, PAYMENT_REQUEST, PAYMENT"):
        link_faults.alter(scenario, "change", "RECEIPT", "to the cable")  # type: ignore[arg-type]
    assert not scenario.rules
