"""A laboratory's ordinary tests beside its features, and options of pytest in whole runs, with the installed wheel.

What needs no bench is in hil/tests/bdd/pytest_plugin/test_options.py; docs/reference/pytest-options.md has them all.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from hil.errors import ExitCode
from hil.evidence.documents import Kind, Verdict
from hil.evidence.record import RunRecord
from hil.tests.acceptance.installed import Laboratory
from hil.tests.report.test_junit import SCHEMA

TESTS = '''\
"""What this laboratory tries with pytest itself."""

import pytest

from hil.testing import Limit, RigFault, Source, Watt, sampled
from hil.testing.measurements import energy


def sell(bench, most):
    delivered = sampled("energy delivered", Limit("Wh", low=7.5, high=most), energy.delivered, Source.LAB_METER)
    bench.use_setup("socket under test")
    bench.use_load(Watt(1300))
    bench.plan.max_payments = 1
    bench.declare(delivered)
    bench.switch_on()
    bench.observer.wait_for(bench.observer.session_closed, timeout=300, what="the end of the session")
    bench.take(delivered)


@pytest.mark.requirement("REQ-LAB-1")
def test_passes(bench, rig, ledger, load, meter, clock):
    sell(bench, 8.5)
    load.draw_power(Watt(600))
    assert meter.read().power < 5
    assert len(bench.observer.payments_on_ledger()) == 1
    assert rig.meter.identity.model
    assert clock.now() > 20


def test_is_ordinary():
    assert 1 + 1 == 2


def test_misses_a_limit(bench):
    sell(bench, 7.6)


def test_misses_an_assertion(bench, meter):
    sell(bench, 8.5)
    power = meter.read().power
    assert power > 5


def test_swallows_a_miss(bench):
    with pytest.raises(Exception):
        sell(bench, 7.6)


def test_takes_less_than_it_declared(bench):
    bench.declare(sampled("power", Limit("W", high=9.0), energy.highest_power, Source.LAB_METER))


def test_has_a_subtest_that_fails(bench, subtests):
    with subtests.test("first"):
        assert "pair" not in bench.rig.file.options.setups
    with subtests.test("second"):
        assert bench.rig.file.options.setups


def test_is_wrong_itself(bench):
    bench.nothing_of_this_name


def test_reads_too_early(meter):
    meter.read()


def test_switches_on_twice(bench):
    sell(bench, 8.6)
    bench.switch_on()


@pytest.mark.skip(reason="no time")
def test_is_left_out(bench): ...


def test_finds_nothing_to_try(bench):
    pytest.skip("this bench has one phase")


def test_finds_a_fault_under_power(bench):
    bench.use_setup("socket under test")
    bench.use_load(Watt(1300))
    bench.switch_on()
    bench.observer.wait_for(bench.observer.power_flows, timeout=60, what="power")
    raise RigFault("its fuse is blown", place="K1", remedy="Replace it.")


@pytest.mark.parametrize("most", [8.5, 8.6])
def test_runs_on_a_safe_bench(bench, most):
    sell(bench, most)


def test_asks_while_it_runs(request):
    request.getfixturevalue("bench")
'''

EXPECTED = {
    "One payment buys what the tariff says": Verdict.PASS,
    "test_passes": Verdict.PASS,
    "test_misses_a_limit": Verdict.FAIL,
    "test_misses_an_assertion": Verdict.FAIL,
    "test_swallows_a_miss": Verdict.FAIL,
    "test_takes_less_than_it_declared": Verdict.INCONCLUSIVE,
    "test_has_a_subtest_that_fails": Verdict.FAIL,
    "test_is_wrong_itself": Verdict.FRAMEWORK_ERROR,
    "test_reads_too_early": Verdict.AUTHOR_ERROR,
    "test_switches_on_twice": Verdict.AUTHOR_ERROR,
    "test_is_left_out": Verdict.NOT_APPLICABLE,
    "test_finds_nothing_to_try": Verdict.NOT_APPLICABLE,
    "test_finds_a_fault_under_power": Verdict.RIG_FAULT,
    "test_runs_on_a_safe_bench[8.5]": Verdict.PASS,
    "test_runs_on_a_safe_bench[8.6]": Verdict.PASS,
}

ELEMENTS = {
    Verdict.PASS: None,
    Verdict.FAIL: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.RIG_FAULT: "error",
    Verdict.AUTHOR_ERROR: "error",
    Verdict.FRAMEWORK_ERROR: "error",
}

FEW = "payment or misses or is_ordinary"
"""Two that pass, of which one is a scenario, and two that fail."""


@dataclass(frozen=True)
class Done:
    """A run of pytest, and what it left."""

    code: int
    said: str
    record: RunRecord

    @property
    def verdicts(self) -> dict[str, Verdict | None]:
        return {str(next(each.of(Kind.START)).data["name"]): each.verdict for each in self.record.scenarios}

    def stop(self, name: str) -> Any:
        (found,) = [each for each in self.record.scenarios if next(each.of(Kind.START)).data["name"] == name]
        return next(found.of(Kind.STOP)).data

    def events(self, name: str, kind: Kind) -> list[Any]:
        (found,) = [each for each in self.record.scenarios if next(each.of(Kind.START)).data["name"] == name]
        return list(found.of(kind))


@pytest.fixture(scope="module")
def mixed(installed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A laboratory with a feature and ordinary tests, some of which fail."""
    found = Laboratory(tmp_path_factory.mktemp("mixed") / "lab", installed.python, installed.cache)
    installed.passes("init", str(found.folder))
    found.write("tests/test_bench.py", TESTS)
    return found


def run(laboratory: Laboratory, *words: str, program: tuple[str, ...] = ("-m", "pytest")) -> Done:
    """Run pytest with seed 7; labgrid and hypothesis take a second to load, and no run needs them."""
    without = ("-p", "no:labgrid", "-p", "no:hypothesispytest")
    done = laboratory.call(*program, *without, "--seed", "7", *words)
    return latest(laboratory, done.returncode, done.stdout)


def latest(laboratory: Laboratory, code: int, said: str) -> Done:
    return Done(code, said, RunRecord.load((laboratory.folder / "reports/runs/latest").resolve()))


def tree(path: Path) -> Xml.Element:
    return Xml.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own


def cases(path: Path) -> dict[str, Xml.Element]:
    return {str(case.get("name")): case for case in tree(path).iter("testcase")}


@pytest.fixture(scope="module")
def everything(mixed: Laboratory) -> Done:
    """All on one bench, with a file of JUnit; the last verdict words come from a device, a rig and an author."""
    options = (
        "--junitxml=out/all.xml",
        "--junit-prefix=bench",
        "-o",
        "junit_family=xunit1",
        "-o",
        "console_output_style=count",
    )
    return run(mixed, "-v", "--no-header", "--durations=2", "--benches", "1", *options)


def test_each_test_that_uses_the_bench_is_a_scenario_with_a_verdict_of_its_own(everything: Done) -> None:
    assert everything.verdicts == EXPECTED
    assert everything.code == ExitCode.RIG_FAULT, everything.said
    assert everything.record.document["verdict"] == "rig fault"
    assert everything.record.document["features"] == ["features/first.feature", "tests/test_bench.py"]


def test_what_an_ordinary_test_measures_reads_and_switches_is_evidence(everything: Done) -> None:
    (finding,) = everything.events("test_passes", Kind.VERDICT)
    assert (finding.data["name"], finding.data["verdict"]) == ("energy delivered", "pass")
    own = [each for each in everything.events("test_passes", Kind.READING) if each.source == "test"]
    assert [sorted(each.data) for each in own] == [["current_A", "energy_Wh", "power_W", "voltage_V"]]
    assert [each.data for each in everything.events("test_passes", Kind.LOAD)] == [{"power_W": 600.0}]
    assert everything.events("test_passes", Kind.FRAME)
    assert everything.events("test_passes", Kind.RELAY)
    (step,) = everything.events("test_passes", Kind.STEP)
    assert (step.data["keyword"], step.data["text"], step.data["outcome"]) == ("Test", "test_passes", "passed")


def test_the_reason_of_a_failure_says_what_and_where(everything: Done) -> None:
    line = TESTS[: TESTS.index("assert power > 5")].count("\n") + 1

    assert re.match(
        rf"tests/test_bench\.py:{line}: assert \S+ > 5", everything.stop("test_misses_an_assertion")["reason"]
    )
    assert "8.0" in everything.stop("test_misses_a_limit")["reason"]
    (step,) = everything.events("test_has_a_subtest_that_fails", Kind.STEP)
    assert step.data["outcome"] == "failed"
    assert "AttributeError" in everything.stop("test_is_wrong_itself")["reason"]
    assert "not taken" in everything.stop("test_takes_less_than_it_declared")["reason"]
    assert "Call bench.switch_on() first." in everything.stop("test_reads_too_early")["reason"]
    assert "the devices are switched on already" in everything.stop("test_switches_on_twice")["reason"]
    assert everything.stop("test_finds_nothing_to_try")["reason"].endswith("this bench has one phase")
    assert "this test did not say before it began that it uses the bench" in everything.said


def test_the_bench_is_safe_after_each_test_whatever_it_raised(everything: Done) -> None:
    driven = [name for name, verdict in EXPECTED.items() if name != "test_is_left_out"]

    assert [name for name in driven if not everything.stop(name)["safe_state"]["reached"]] == []
    assert everything.events("test_finds_a_fault_under_power", Kind.RELAY)[-1].data["closed"] is False


def test_a_test_shows_its_requirement_in_the_report(everything: Done) -> None:
    report = (everything.record.folder / "report.html").read_text(encoding="utf-8")

    assert "test_misses_a_limit" in report
    starts = {
        str(each.data["name"]): each.data["tags"] for s in everything.record.scenarios for each in s.of(Kind.START)
    }
    assert starts["test_passes"] == ["REQ-LAB-1"]


def test_the_file_of_junitxml_holds_the_verdicts_and_all_of_pytest_s_own(mixed: Laboratory, everything: Done) -> None:
    asked, own = cases(mixed.folder / "out/all.xml"), cases(everything.record.folder / "junit.xml")

    assert set(asked) == {*EXPECTED, "test_is_ordinary", "test_asks_while_it_runs"}
    for name, verdict in EXPECTED.items():
        kinds = [
            [each for each in case if each.tag in ("failure", "error", "skipped")] for case in (asked[name], own[name])
        ]
        assert [each.tag for each in kinds[0]] == [ELEMENTS[verdict]] * (ELEMENTS[verdict] is not None)
        assert [(each.get("message"), each.text) for each in kinds[0]] == [(e.get("message"), e.text) for e in kinds[1]]
    assert asked["test_passes"].get("classname") == "bench.tests.test_bench"
    assert asked["test_passes"].get("line"), "xunit1 has it"
    assert "energy delivered: measured" in (asked["test_passes"].findtext("system-out") or "")
    (suite,) = tree(mixed.folder / "out/all.xml").iter("testsuite")
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["17", "6", "4", "2"]


def test_two_benches_give_the_evidence_the_codes_and_the_junit_of_one(mixed: Laboratory, everything: Done) -> None:
    two = run(mixed, "--benches", "2", "--junitxml=out/two.xml", "-s", "--tb=no")

    assert (two.code, two.verdicts) == (everything.code, EXPECTED), two.said
    assert two.record.document["evidence_digest"] == everything.record.document["evidence_digest"]
    SCHEMA.validate(mixed.folder / "out/two.xml")
    first, second = cases(mixed.folder / "out/all.xml"), cases(mixed.folder / "out/two.xml")
    assert {name: [each.tag for each in case] for name, case in second.items() if name in EXPECTED} == {
        name: [each.tag for each in case] for name, case in first.items() if name in EXPECTED
    }


def test_a_missed_limit_alone_is_a_failure_of_the_device(mixed: Laboratory) -> None:
    done = run(mixed, "tests/test_bench.py::test_misses_a_limit", program=("-m", "hil.cli.main", "run"))

    assert done.code == ExitCode.DEVICE_FAILURE, done.said
    assert "run it again: hil run tests/test_bench.py::test_misses_a_limit --seed 7" in done.said
    assert "LimitMissed" not in done.said


def test_what_failed_last_can_be_run_alone_first_or_step_by_step(mixed: Laboratory) -> None:
    def began(*words: str) -> tuple[int, list[str]]:
        done = run(mixed, *words)
        return done.code, list(done.verdicts)

    passing, failing = ["One payment buys what the tariff says"], ["test_misses_a_limit", "test_misses_an_assertion"]
    assert began("--cache-clear", "-k", FEW) == (ExitCode.DEVICE_FAILURE, [*passing, *failing])
    assert began("--lf", "-k", FEW) == (ExitCode.DEVICE_FAILURE, failing)
    assert began("--ff", "-k", FEW, "--maxfail=2")[1] == [*failing, *passing]
    first = run(mixed, "--ff", "-x", "-k", FEW)
    assert list(first.verdicts.values()) == [Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_RUN]
    assert began("--nf", "-k", FEW)[1] == [*failing, *passing], "the file of tests is younger"
    step = run(mixed, "--sw", "-k", FEW)
    assert (step.code, step.verdicts["test_misses_an_assertion"]) == (ExitCode.INTERRUPTED, Verdict.NOT_RUN)
    on = run(mixed, "--sw", "--sw-skip", "-k", FEW)
    assert (list(on.verdicts), on.code) == (failing, ExitCode.INTERRUPTED)


def test_a_test_that_fails_without_having_switched_anything_on_blames_no_instrument(mixed: Laboratory) -> None:
    done = run(mixed, "tests/test_bench.py::test_has_a_subtest_that_fails")

    assert (done.code, done.record.document["verdict"]) == (ExitCode.DEVICE_FAILURE, "fail"), done.said


def test_what_is_printed_and_warned_of_is_as_pytest_says(mixed: Laboratory) -> None:
    done = run(mixed, "-q", "--capture=no", "--setup-show", "-W", "error", "-k", "passes", "--strict-markers")

    assert (done.code, "SETUP    F scenario" in done.said) == (ExitCode.PASS, True), done.said


def test_a_debugger_stops_where_a_test_failed_and_the_bench_becomes_safe_afterwards(mixed: Laboratory) -> None:
    command = [str(mixed.python), "-m", "pytest", "--seed", "7", "--pdb", "-k", "misses_a_limit"]
    program = subprocess.run(
        command, cwd=mixed.folder, env=mixed.settings, input="p 6 * 7\nc\n", capture_output=True, text=True, check=False
    )

    assert "entering PDB" in program.stdout
    assert "(Pdb) 42" in program.stdout
    assert program.returncode == ExitCode.DEVICE_FAILURE, program.stdout
    done = latest(mixed, program.returncode, program.stdout)
    assert done.stop("test_misses_a_limit")["safe_state"]["reached"] is True
    plain = run(mixed, "--trace", "-k", "is_ordinary or passes")
    assert "PDB runcall" in plain.said


def test_a_run_has_the_same_evidence_from_any_folder_of_the_laboratory(mixed: Laboratory) -> None:
    below = Laboratory(mixed.folder / "steps", mixed.python, mixed.cache)
    digests = {
        found.hil("run", "--seed", "7", "-k", "payment or test_passes").stdout.partition("evidence digest: ")[2][:64]
        for found in (mixed, below)
    }

    assert len(digests) == 1
    assert len(digests.pop()) == 64
