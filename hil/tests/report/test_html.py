"""The HTML report, read as a browser reads it: parsed, not searched for strings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.record import RunRecord, ScenarioRecord
from hil.evidence.store import RunWriter
from hil.evidence.uncertainty import Budget
from hil.report.html.index import MOST_STATIC
from hil.report.html.page import render, render_annex, write_html
from hil.report.run_view import view_run
from hil.tests.report.conftest import DOCUMENT, NASTY, cut_off, not_applicable, toast, view
from hil.tests.report.page import Node, assert_nothing_foreign_can_run, detail, facts, read, rows

MakeRun = Callable[..., Path]
NASTY_AS_READ = "</script><script>alert(\"1\")</script> & 'quoted' ⟨U+2028⟩ ⟨U+202E⟩ ⟨U+001B⟩[31m"


@pytest.fixture(scope="module")
def page(finished_run: Path) -> Node:
    return read(write_html(view(finished_run)).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def annex(finished_run: Path) -> Node:
    return read(render_annex(view(finished_run)))


@pytest.fixture(scope="module")
def crashed_page(crashed_run: Path) -> Node:
    return read(write_html(view(crashed_run)).read_text(encoding="utf-8"))


def test_report_runs_only_its_own_scripts_and_loads_nothing(page: Node, crashed_page: Node, annex: Node) -> None:
    assert_nothing_foreign_can_run(page)
    assert_nothing_foreign_can_run(crashed_page)
    assert_nothing_foreign_can_run(annex, scripts=0)


def test_foreign_text_is_printed_letter_by_letter_wherever_it_stands(page: Node, annex: Node) -> None:
    second = annex.one("article", id="scenario-2")
    assert f"Energy laboratory {NASTY_AS_READ}" in facts(page)["Laboratory"]
    assert NASTY_AS_READ in rows(page.one("section", id="items").one("table"))[0][1]
    assert NASTY_AS_READ in second.one("h3").text
    assert f"@{NASTY_AS_READ}" in [tag.text for tag in second.all("span", class_="tag")]
    for name in ("findings", "steps", "faults"):
        assert NASTY_AS_READ in second.one("table", class_=name).text, name
    assert NASTY_AS_READ in second.one("p", class_="marks-in-words").text
    assert NASTY_AS_READ in second.one("p", class_="reason").text
    drawn = detail(page, 2)
    assert NASTY_AS_READ in drawn["head"]["name"]
    assert NASTY_AS_READ in drawn["plot"]["words"]
    assert NASTY not in json.dumps(drawn, ensure_ascii=False)


def test_report_holds_no_invisible_or_reversing_character(finished_run: Path) -> None:
    text = write_html(view(finished_run)).read_text(encoding="utf-8")
    assert not re.findall("[\x00-\x08\x0b-\x1f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)


def test_report_identifies_run_laboratory_method_and_equipment(page: Node) -> None:
    assert page.one("b", id="run-id").text == "2031-05-17T0930Z-7f3a"
    assert page.one("head").one("title").text.endswith("2031-05-17T0930Z-7f3a")
    found = facts(page)
    assert found["Customer"] == "Toast & Sons"
    assert found["Framework"] == "micropay-hil 0.1.0"
    assert (found["Git commit"], found["Seed"]) == ("83b3b3a2f0c4", "42")
    assert re.fullmatch("[0-9a-f]{64}", found["Evidence digest"])
    assert found["Version"] == "280100 /Satoshi:28.1.0/"
    assert (found["Image digest"], found["Options"]) == ("sha256:4f1c0ffee", "-regtest -txindex")
    assert found["Machine"] == "not recorded"
    assert (found["Tested from"], found["Tested until"]) == ("2031-05-17 09:30:00 UTC", "2031-05-17 09:30:04 UTC")
    assert rows(page.one("section", id="items").one("table"))[0][4:] == ["as delivered", "2031-05-02"]
    meter, load = rows(page.one("section", id="equipment").one("table"))
    assert meter == [
        "meter",
        "HMC8015",
        "Rohde & Schwarz",
        "HMC8015",
        "100042",
        "01.102",
        "wt310e",
        "none: virtual",
    ]
    assert load[-1] == "certificate C-2031-118, due 2032-01-31, uncertainty 0.1 %"
    assert "Results relate only to the items tested." in page.one("section", id="items").text
    assert page.one("p", id="end").text == "— End of report 2031-05-17T0930Z-7f3a —"


def test_a_requirement_has_the_worst_verdict_of_the_scenarios_that_name_it(page: Node) -> None:
    section = page.one("section", id="results")
    cut, boot = rows(section.one("table", class_="results"))
    assert (cut[0], cut[2], cut[3]) == ("REQ-CUT-1", "1 fail, 1 inconclusive", "✗ fail")
    assert (boot[0], boot[2], boot[3]) == ("REQ-BOOT-1", "1 pass, 1 not applicable", "○ not run")
    assert NASTY_AS_READ in cut[1]

    cut, boot = rows(page.one("section", id="requirements").one("table", class_="requirements"))
    assert cut == ["REQ-CUT-1", "✗ fail", "2 ✗ fail, 3 ? inconclusive"]
    assert boot == ["REQ-BOOT-1", "○ not run", "1 ✓ pass, 4 \u2013 not applicable"]
    assert "No scenario of this run names REQ-BOOT-2: nothing is said about it." in section.text


def row_of_an_outline(mode: str, life: str, verdict: Verdict, number: int) -> Callable[[RunWriter], None]:
    def write(run: RunWriter) -> None:
        writer = run.scenario(number, f"row {number}")
        data: dict[str, Json] = {"name": f"Row {number}", "feature": "features/defences.feature", "line": number}
        data |= {"outline": f"It holds <mode> {NASTY}", "row": [["mode", mode], ["life", life]], "tags": ["pairwise"]}
        writer.write(Event(Kind.START, 0.0, "bench", data))
        writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": verdict.value, "safe_state": {"reached": True}}))
        run.scenario_done(writer)

    return write


def test_the_report_tells_with_which_values_and_pairs_of_them_a_defence_was_tried(make_run: MakeRun) -> None:
    parts = [
        row_of_an_outline("one", "new", Verdict.PASS, 1),
        row_of_an_outline("two", "new", Verdict.FAIL, 2),
        row_of_an_outline("two", "old", Verdict.NOT_APPLICABLE, 3),
    ]
    page = read(write_html(view(make_run(*parts, verdict=Verdict.FAIL))).read_text(encoding="utf-8"))
    ((name, tried, count, pairs, verdict),) = rows(page.one("section", id="defences").one("table"))
    assert NASTY_AS_READ in name
    assert tried == "mode: one (1), two (1)life: new (2), old (0)"
    assert (count, pairs) == ("3", "2 of 4")
    assert "fail" in verdict


def test_a_run_without_such_outlines_has_no_table_of_them(page: Node) -> None:
    assert not page.all("section", id="defences")


def test_a_run_without_requirements_has_no_matrix(make_run: MakeRun) -> None:
    bare = {key: value for key, value in DOCUMENT.items() if key != "requirements"}
    page = read(write_html(view(make_run(toast, verdict=Verdict.PASS, document=bare))).read_text(encoding="utf-8"))
    assert not page.all("section", id="requirements")
    assert "The run recorded none." in page.one("section", id="deviations").text


def test_what_was_left_out_or_differed_is_told(make_run: MakeRun) -> None:
    rig: dict[str, Any] = dict(DOCUMENT["rig"])  # type: ignore[arg-type]  # an object
    rig["devices"] = [{"role": "socket", "seeded": ["boot_delay_s: 10"]}, {"role": "cable"}]
    document = {**DOCUMENT, "commit": "83b3b3a2f0c4+", "rig": rig}
    folder = make_run(toast, not_applicable, verdict=Verdict.PASS, document=document)
    page = read(write_html(view(folder)).read_text(encoding="utf-8"))

    assert [each.text for each in page.one("section", id="deviations").all("li")] == [
        "The framework or the feature files differed from the git commit that is named.",
        "The simulated socket had seeded faults: boot_delay_s: 10.",
        "Scenario 2, Both sides real: not carried out, since this bench cannot offer it (this bench does not offer: "
        "pair).",
    ]
    assert facts(page)["Git commit"] == "83b3b3a2f0c4, with changes that are not committed"
    assert rows(page.one("section", id="items").one("table"))[1][0] == "cable not tested in this run"


def test_what_the_watchdog_did_is_shown_and_stands_at_the_top(make_run: MakeRun) -> None:
    folder = make_run(toast, cut_off, verdict=None)
    steps = [
        {"part": "load input", "reached": True, "ms": 12.04, "tries": 1, "problem": ""},
        {"part": "K1", "reached": False, "ms": 900.0, "tries": 5, "problem": f"reads back closed {NASTY}"},
    ]
    told = {"cause": "the test process is gone", "reached": False, "ms": 912.5, "steps": steps, "meter": "230 V"}
    told |= {"problem": "K1 did not obey", "wall": "2031-05-17T09:31:00+00:00"}
    (folder / "safe_state.json").write_text(json.dumps(told))
    page = read(write_html(view(folder)).read_text(encoding="utf-8"))

    attention = page.one("section", id="attention").text
    assert "The watchdog had to make the bench safe: NOT reached: K1 did not obey." in attention
    part = page.one("div", id="watchdog")
    assert facts(part) == {
        "Cause": "the test process is gone",
        "Safe state": "NOT reached: K1 did not obey",
        "Meter": "230 V",
        "Time": "2031-05-17 09:31:00 UTC",
    }
    assert rows(part.one("table", class_="watchdog")) == [
        ["load input", "ok", "12.0 ms", "1"],
        ["K1", f"NOT reached: reads back closed {NASTY_AS_READ}", "900.0 ms", "5"],
    ]


def test_each_bench_whose_watchdog_acted_is_told(make_run: MakeRun) -> None:
    folder = make_run(toast, cut_off, verdict=None)
    for name, cause in (("safe_state.json", "the test process is gone"), ("safe_state-2.json", "no heartbeat")):
        (folder / name).write_text(json.dumps({"cause": cause, "reached": True, "ms": 30.0, "steps": []}))
    page = read(write_html(view(folder)).read_text(encoding="utf-8"))
    told = page.one("div", id="watchdog").text
    assert "the test process is gone" in told
    assert "no heartbeat" in told
    assert page.one("section", id="attention").text.count("The watchdog had to make the bench safe") == 2


@pytest.mark.parametrize("damaged", ["", "[]", "{", "\x00"])
def test_a_report_of_the_watchdog_that_cannot_be_read_is_not_passed_over(make_run: MakeRun, damaged: str) -> None:
    folder = make_run(toast, verdict=Verdict.PASS)
    (folder / "safe_state.json").write_text(damaged)
    page = read(write_html(view(folder)).read_text(encoding="utf-8"))
    assert "its report cannot be read" in page.one("section", id="attention").text


def test_verdict_of_the_run_is_told_in_plain_words(page: Node) -> None:
    outcome = page.one("section", id="outcome")
    assert outcome.one("span", class_="verdict").text == "✗ fail"
    assert outcome.one("p", class_="outcome-sentence").text == "The items tested did not meet at least one limit."
    counts = outcome.one("p", class_="counts").text
    assert counts == "4 scenarios: 1 pass, 1 fail, 1 inconclusive, 1 not applicable"


def test_virtual_rig_is_said_at_the_top_and_across_the_page(page: Node, make_run: MakeRun) -> None:
    assert len(page.all("div", class_="watermark")) == 1
    assert "simulated bench" in page.one("p", id="virtual-rig").text
    physical = read(render(view(make_run(verdict=Verdict.PASS, document={"rig": {"virtual": False}}))))
    assert not physical.all("div", class_="watermark")
    assert not physical.all("p", id="virtual-rig")


def test_summary_has_a_line_for_each_scenario(page: Node) -> None:
    lines = rows(page.one("table", class_="index"))
    assert [line[2] for line in lines] == ["✓ pass", "✗ fail", "? inconclusive", "\u2013 not applicable"]
    assert lines[1][3] == "1 fail, 1 not run"
    assert lines[0][4] == "135.300 s"
    assert "features/toast.feature:7" in lines[0][1]


def test_measurement_is_printed_with_value_uncertainty_limit_margin_and_rule(annex: Node) -> None:
    first, energy, count = rows(annex.one("article", id="scenario-1").one("table", class_="findings"))
    assert first == [
        "✓ pass",
        "power-on to first accepted payment by line",
        "24.200 ± 0.050",
        "s",
        "≤ 27 s",
        "+2.750",
        "interval",
    ]
    assert energy[2:] == ["40.03 ± 0.41", "Wh", "39.2 Wh … 40.8 Wh", "+0.36", "guarded"]
    assert count[2:] == ["1", "", "= 1", "0", "exact"]
    late, missing = rows(annex.one("article", id="scenario-2").one("table", class_="findings"))
    assert late[2:] == ["650 ± 50", "ms", "≤ 500 ms", "\u2212200", "interval"]
    assert late[0] == "✗ fail"
    assert missing[2] == "not taken"


def test_step_that_did_not_run_is_not_shown_as_failed(annex: Node) -> None:
    steps = rows(annex.one("article", id="scenario-2").one("table", class_="steps"))
    assert [step[2] for step in steps] == ["✓ pass", "✓ pass", "✗ fail", "○ not run"]
    assert steps[3][3:] == ["\u2013"] * 3
    assert steps[2][3:] == ["37.700 s", "40.000 s", "2.300 s"]


def test_a_failure_tells_the_step_with_its_place_what_happened_last_and_how_to_run_it_again(annex: Node) -> None:
    article = annex.one("article", id="scenario-2")

    assert "features/underpayment.feature:10 Then the power is cut" in article.one("p", class_="failed-step").text
    last = rows(article.one("table", class_="last"))
    assert len(last) == 10
    assert last[-1][:2] == ["37.700 s", "socket-link"]
    assert last[-1][2].startswith("ERROR to cable: code amount")
    assert article.one("p", class_="again").text == "Run it again: hil run features/underpayment.feature:12 --seed 42"


def test_a_scenario_that_passed_has_nothing_to_explain(annex: Node) -> None:
    assert not annex.one("article", id="scenario-1").all("table", class_="last")
    assert not annex.one("article", id="scenario-1").all("p", class_="again")


def test_what_an_uncertainty_consists_of_is_listed_part_by_part_with_its_source(make_run: MakeRun) -> None:
    budget = Budget("Wh").plus("accuracy of reading", 0.016, "manual, 7-7").plus("calibration", 0.004, f"C-1 {NASTY}")

    def energy(run: RunWriter) -> None:
        writer = run.scenario(1, "toast")
        found: dict[str, Json] = {
            "name": "energy delivered",
            "verdict": "pass",
            "unit": "Wh",
            "budget": budget.document(),
        }
        writer.write(Event(Kind.VERDICT, 1.0, "bench", found))
        writer.write(Event(Kind.VERDICT, 1.0, "bench", {"name": "payments", "verdict": "pass"}))
        writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": "pass", "safe_state": {"reached": True}}))
        run.scenario_done(writer)

    page = read(render_annex(view(make_run(energy, verdict=Verdict.PASS))))
    first, second = rows(page.one("table", class_="budgets"))
    assert first == ["energy delivered", "accuracy of reading", "± 0.016 Wh", "manual, 7-7"]
    assert second[:3] == ["", "calibration", "± 0.004 Wh"]
    assert "C-1" in second[3]
    assert page.one("details", class_="budgets").one("summary").text == "Uncertainty budgets"


@pytest.mark.parametrize(
    ("calibration", "words"),
    [
        (
            {"certificate": "C-7", "due": "2032-01-31", "uncertainty": "0.1 %", "k": 3.0},
            "certificate C-7, due 2032-01-31, uncertainty 0.1 %, k = 3",
        ),
        (
            {"certificate": "C-7", "due": None, "uncertainty": "0.1 % (k = 2)", "k": 2.0},
            "certificate C-7, uncertainty 0.1 % (k = 2)",
        ),
        ({"certificate": "none: it sets", "due": None, "uncertainty": None, "k": None}, "none: it sets"),
    ],
)
def test_the_certificate_of_an_instrument_is_told_with_its_uncertainty(
    make_run: MakeRun, calibration: dict[str, Json], words: str
) -> None:
    document: dict[str, Any] = {"rig": {"instruments": [{"role": "power meter", "calibration": calibration}]}}
    page = read(render(view(make_run(verdict=Verdict.PASS, document=document))))
    assert words in page.one("section", id="equipment").text


def test_error_of_a_step_says_where_and_what_to_do(annex: Node) -> None:
    problem = annex.one("article", id="scenario-2").one("span", class_="problem")
    what, where, remedy = problem.children
    assert what.text.startswith("power was cut too late")
    assert (where.text, remedy.text) == ("Where: features/underpayment.feature:15", "What to do: See its log.")


def test_transactions_faults_and_safe_state_are_listed(annex: Node) -> None:
    funding, broadcast, confirmed = rows(annex.one("article", id="scenario-1").one("table", class_="transactions"))
    assert funding[3:] == ["\u2013", "\u2013", "\u2013"]
    assert broadcast[0:2] == ["135.100 s", "broadcast"]
    assert confirmed[3:] == ["50 000 sat", "437 400 sat", "12 600 sat"]
    assert rows(annex.one("article", id="scenario-2").one("table", class_="faults"))[0][:2] == ["30.000 s", "cable"]
    assert "reached, 0.142 s" in annex.one("article", id="scenario-1").one("p", class_="safe-state").text


def test_plot_holds_power_credit_payments_and_relay_edges(page: Node, annex: Node) -> None:
    data = detail(page, 2)["plot"]
    assert [curve["axis"] for curve in data["curves"]] == ["power", "credit"]
    assert len(data["curves"][0]["steps"]) == 400
    assert [kind for _, kind, _ in data["marks"]] == ["accepted", "fault", "refused", "off"]
    assert data["lanes"][0] == {"name": "K1", "closed": [[0.5, 40.0]], "edges": [0.0, 0.5, 40.0]}
    static = annex.one("article", id="scenario-2").one("svg", class_="timeline")
    assert {path.attributes["class"] for path in static.all("path", class_="curve")} == {"curve power", "curve credit"}
    assert len(annex.one("article", id="scenario-1").one("svg", class_="timeline").all("g", class_="accepted")) == 5


def test_failures_can_be_read_without_a_script_and_what_passed_is_data_for_one(page: Node) -> None:
    section = page.one("section", id="unsolved")
    told = [each.one("p", class_="unsolved-head").text for each in section.all("div", class_="unsolved")]
    assert [line.split(" ", 3)[:3] for line in told] == [["✗", "fail", "2"], ["?", "inconclusive", "3"]]
    assert "refused payment to zero current" in section.one("div", id="scenario-2").one("p", class_="why").text
    static = section.one("article", id="static-2")
    assert rows(static.one("table", class_="findings"))[0][0] == "✗ fail"
    assert static.one("svg", class_="timeline").all("path", class_="curve")
    assert not page.all("article", id="static-1")
    assert detail(page, 1)["head"]["verdict"] == "pass"
    assert "hil report --annex" in page.one("p", id="no-script").text


def test_each_feature_has_a_row_with_its_verdicts_and_those_that_failed_come_first(page: Node) -> None:
    features = page.one("table", class_="features")
    assert rows(features) == [
        ["features/underpayment.feature", "2", "2", "1 fail, 1 inconclusive"],
        ["features/boot.feature", "1", "0", "1 not applicable"],
        ["features/toast.feature", "1", "0", "1 pass"],
    ]
    assert features.all("a")[0].attributes["href"] == "#filter?feature=features/underpayment.feature"


def test_of_many_failures_the_first_are_shown_in_full_and_each_with_its_reason(make_run: MakeRun) -> None:
    def failing(number: int) -> Callable[[RunWriter], None]:
        def write(run: RunWriter) -> None:
            writer = run.scenario(number, f"fails {number}")
            writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": "fail", "reason": f"reason {number}"}))
            run.scenario_done(writer)

        return write

    failures = [failing(number) for number in range(1, MOST_STATIC + 4)]
    section = read(render(view(make_run(*failures, verdict=Verdict.FAIL)))).one("section", id="unsolved")
    assert len(section.all("article")) == MOST_STATIC
    reasons = [each.text for each in section.all("p", class_="why")]
    assert reasons == [f"reason {number}" for number in range(1, MOST_STATIC + 4)]


def test_toast_of_135_seconds_at_10_hz_takes_less_than_20_kilobytes(make_run: MakeRun, finished_run: Path) -> None:
    record = RunRecord.load(finished_run)
    scenario = record.scenarios[0]
    assert len(list(scenario.of(Kind.READING))) == 2704
    alone, nothing = (view_run(replace(record, scenarios=scenarios)) for scenarios in ([scenario], []))
    assert len(render(alone)) - len(render(nothing)) < 20_000


def test_run_that_was_never_finished_has_no_verdict_and_says_so(crashed_page: Node) -> None:
    assert crashed_page.one("section", id="outcome").one("span", class_="verdict").text == "○ no verdict"
    attention = [line.text for line in crashed_page.one("section", id="attention").all("li")]
    assert attention[0] == "This run was never finished."
    assert "never finished" in crashed_page.one("section", id="integrity").text


def test_scenario_cut_off_in_the_middle_of_a_line_renders_and_says_it_loudly(crashed_page: Node) -> None:
    scenario = crashed_page.one("article", id="static-2")
    assert scenario.one("p", class_="damage").text.startswith("Incomplete evidence. The evidence file is cut off")
    assert "the last whole event is at 29.900 s" in scenario.one("p", class_="damage").text
    assert scenario.one("svg", class_="timeline").all("path", class_="curve")
    attention = crashed_page.one("section", id="attention").text
    assert "Scenario 2, Boot in time: The evidence file is cut off" in attention
    assert rows(crashed_page.one("table", class_="index"))[1][2] == "○ not run cut off"


def test_step_that_failed_because_of_the_rig_is_not_blamed_on_the_device(make_run: MakeRun) -> None:
    def meter_lost(run: RunWriter) -> None:
        writer = run.scenario(1, "meter lost")
        data: dict[str, Json] = {
            "keyword": "Then",
            "text": "40 Wh flow",
            "outcome": "failed",
            "error": "meter: no answer",
        }
        writer.write(Event(Kind.STEP, 3.0, "bench", data))
        stop: dict[str, Json] = {"verdict": "rig fault", "reason": "meter: no answer", "safe_state": {"reached": False}}
        writer.write(Event(Kind.STOP, 3.0, "bench", stop))
        run.scenario_done(writer)

    page = read(render(view(make_run(meter_lost, verdict=Verdict.RIG_FAULT))))
    assert rows(page.one("table", class_="steps"))[0][2] == "! rig fault"
    assert "safe state NOT reached" in page.one("section", id="attention").text
    assert page.one("p", class_="outcome-sentence").text.startswith("The bench failed.")


def test_verdict_that_is_milder_than_its_evidence_is_called_out(make_run: MakeRun) -> None:
    def whitewashed(run: RunWriter) -> None:
        writer = run.scenario(1, "whitewashed")
        writer.write(Event(Kind.VERDICT, 1.0, "bench", {"name": "x", "verdict": "fail"}))
        writer.write(Event(Kind.STOP, 1.0, "bench", {"verdict": "pass", "safe_state": {"reached": True}}))
        run.scenario_done(writer)

    page = read(render(view(make_run(whitewashed, verdict=Verdict.PASS))))
    assert "Scenario 1 is recorded as a pass, although not all" in page.one("section", id="attention").text
    assert page.one("section", id="outcome").one("span", class_="verdict").text == "✗ fail"


def test_a_scenario_without_its_stop_keeps_the_headline_from_saying_pass(make_run: MakeRun) -> None:
    page = read(render(view(make_run(toast, cut_off, verdict=Verdict.PASS))))
    assert page.one("section", id="outcome").one("span", class_="verdict").text == "! rig fault"
    assert "recorded as pass, which is milder" in page.one("section", id="attention").text


def test_what_befell_the_run_beside_its_scenarios_is_told_above_all(make_run: MakeRun) -> None:
    document = {"befell": [{"verdict": "framework error", "why": "a mistake in code: x.py:3"}]}
    page = read(render(view(make_run(toast, verdict=Verdict.FRAMEWORK_ERROR, document=document))))
    assert "framework error: a mistake in code: x.py:3" in page.one("section", id="attention").text
    assert page.one("section", id="outcome").one("span", class_="verdict").text == "‼ framework error"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ({"calendar_step_s": -7200.4}, "was set back by 7200 s while the run was under way"),
        ({"calendar_step_s": 60}, "was set forward by 60 s"),
        ({"finished": "2017-06-02T18:00:00+00:00", "started": "2017-06-02T20:00:00+00:00"}, "ended before it began"),
    ],
)
def test_a_calendar_that_was_set_during_the_run_is_remarked(
    make_run: MakeRun, host: dict[str, Any], words: str
) -> None:
    folder = make_run(toast, verdict=Verdict.PASS)
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    document["host"] |= host
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    assert words in read(render(view(folder))).one("section", id="attention").text


def test_run_that_recorded_nothing_still_renders(make_run: MakeRun) -> None:
    page = read(render(view(make_run(verdict=Verdict.NOT_RUN, document={}))))
    found = facts(page)
    known = {"Framework", "Evidence digest", "Observations digest", "Tested from", "Tested until", "Wall time"}
    empty = {label for label, value in found.items() if value == "not stated"}
    laboratory = {"Laboratory", "Address", "Place of the test", "Customer", "Contact", "Order", "Test conditions"}
    assert empty == {*laboratory, "Method"}
    assert {value for label, value in found.items() if label not in known | empty} == {"not recorded"}
    assert page.one("section", id="outcome").one("span", class_="verdict").text == "○ not run"


def test_the_acceptance_file_of_the_project_fills_its_places_in_the_report(make_run: MakeRun) -> None:
    path = Path(__file__).parents[3] / "reports" / "acceptance.yaml"
    acceptance: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    page = read(render(view(make_run(verdict=Verdict.PASS, document={"acceptance": acceptance}))))
    found = facts(page)
    assert found["Method"].startswith("Gherkin scenarios")
    for label in ("Laboratory", "Address", "Place of the test", "Customer", "Contact", "Order", "Test conditions"):
        assert found[label] == "not stated", label
    agreed = page.one("section", id="decision-rules").one("p", class_="agreed-rule").text
    assert agreed == acceptance["decision_rule"].strip()
    signatures = rows(page.one("table", class_="signatures"))
    assert [line[:2] for line in signatures] == [["Performed by", "not stated"], ["Authorised by", "not stated"]]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8) | st.just("<b>")
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
RUN_KEYS = ["id", "finished", "verdict", "seed", "rig", "node", "acceptance", "host", "features", "evidence_digest"]
DATA_KEYS = [
    *("name", "feature", "line", "tags", "setup", "keyword", "text", "outcome", "started", "error", "power_W"),
    *("credit_Wh", "closed", "message", "fields", "txid", "event", "fee_sat", "what", "who", "verdict", "reason"),
    *("safe_state", "unit", "limit_low", "limit_high", "limit", "rule", "value", "uncertainty", "margin", "detail"),
    "budget",
]
EVENTS = st.builds(
    lambda **fields: Event(**fields),  # hypothesis would look for values of the fields that have a default, too
    kind=st.sampled_from(Kind),
    t=st.floats(0, 1e6),
    source=st.text(max_size=5),
    data=st.dictionaries(st.sampled_from(DATA_KEYS), VALUES, max_size=8),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(RUN_KEYS), VALUES), st.lists(EVENTS, max_size=12))
def test_any_run_folder_renders_and_runs_nothing(document: Mapping[str, Any], events: list[Event]) -> None:
    record = RunRecord(Path("no-such-folder"), document, [ScenarioRecord("0001-any", events)])
    page = render(view_run(record))
    page.encode()
    assert_nothing_foreign_can_run(read(page))
