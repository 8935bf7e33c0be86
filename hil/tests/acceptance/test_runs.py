"""Good runs: repeatable to the byte, seen by bitcoin-cli, small, and without secrets in what they leave."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hil.evidence.documents import Json, Kind, Verdict
from hil.evidence.record import scenario_text
from hil.protocol.payment.account import CHANGE, RECEIVE, Account
from hil.scenario.setups.common import account_seed
from hil.tests.acceptance.commands import Finished
from hil.tests.acceptance.plans import SEED, SLICE, TOAST, StandingNode


def test_a_place_in_a_feature_file_runs_what_stands_there(toast: Finished) -> None:
    assert toast.code == 0, toast.said
    assert [next(each.of(Kind.START)).data["feature"] for each in toast.record.scenarios] == [TOAST]


def test_pytest_runs_a_scenario_by_its_name(toast_of_another_seed: Finished) -> None:
    assert toast_of_another_seed.code == 0, toast_of_another_seed.said
    assert len(toast_of_another_seed.record.scenarios) == 1


def test_a_run_without_paths_takes_all_features(collected: Finished) -> None:
    assert collected.code == 0
    for file in ("boot", "overcharging", "toast", "underpayment"):
        assert f"features/{file}.feature::" in collected.said
    assert not (collected.project / "reports/runs").exists()


def test_the_same_seed_gives_the_same_evidence_on_another_provider(
    toast: Finished, standing_node: StandingNode
) -> None:
    assert standing_node.run.observations_digest == toast.observations_digest
    assert standing_node.run.digest != toast.digest, "it covers the node, too"


def test_another_seed_gives_other_evidence(toast: Finished, toast_of_another_seed: Finished) -> None:
    assert toast.digest != toast_of_another_seed.digest


def test_the_run_document_keeps_the_digest_that_the_terminal_told(toast: Finished) -> None:
    assert toast.document["evidence_digest"] == toast.digest
    assert toast.document["seed"] == SEED
    assert toast.record.altered_files() == []


def test_the_summary_tells_counts_seed_report_and_digest(toast: Finished) -> None:
    lines = toast.said.splitlines()

    assert "1 scenario: 1 pass" in lines
    assert f"seed: {SEED}" in lines
    report = next(line for line in lines if line.startswith("report: ")).removeprefix("report: ")
    assert (toast.project / report).resolve() == toast.folder / "report.html"
    assert "1 pass" in toast.report or "pass" in toast.report


def test_the_test_process_stays_below_250_megabytes(toast: Finished) -> None:
    assert 0 < toast.document["host"]["max_rss_mb"] <= 250


def test_nothing_of_the_host_is_in_the_scenario_files_outside_of_host(toast: Finished) -> None:
    for line in scenario_text(next((toast.folder / "scenarios").iterdir()))[0].splitlines():
        event = json.loads(line)
        event.pop("host", None)
        text = json.dumps(event)
        assert str(toast.project) not in text
        assert not re.search(r"127\.\d+\.\d+\.\d+", text)


# --- a node that somebody else runs -----------------------------------------------------------------------------------


def test_a_standing_node_is_started_described_and_stopped(standing_node: StandingNode) -> None:
    assert standing_node.up.code == standing_node.info.code == standing_node.down.code == 0
    assert standing_node.up.said == standing_node.info.said
    assert "regtest" in standing_node.info.said
    assert standing_node.down.said == "stopped\n"
    assert standing_node.down_again.said == "no node was up\n"
    assert standing_node.node_is_gone


def test_a_run_uses_the_standing_node_by_the_printed_settings(standing_node: StandingNode) -> None:
    assert standing_node.run.code == 0, standing_node.run.said
    assert standing_node.run.document["node"]["provider"] == "external"


def test_bitcoin_cli_sees_the_confirmed_transaction_of_the_evidence(standing_node: StandingNode) -> None:
    assert standing_node.asked.returncode == 0, standing_node.asked.stderr
    answer = json.loads(standing_node.asked.stdout)
    assert answer["txid"] == standing_node.txid
    assert answer["confirmations"] >= 1
    evidence = next(
        event.data
        for event in standing_node.run.record.scenarios[0].events
        if event.kind is Kind.TRANSACTION and event.data["txid"] == standing_node.txid
    )
    assert answer["hex"] == evidence["raw"]
    assert round(answer["vout"][0]["value"] * 100_000_000) == evidence["payment_sat"] == 50_000


def secrets(node: StandingNode) -> list[bytes]:
    """Everything of the run that must stay with its owner: the node's password, seeds and private keys, in hex."""
    found = [node.password.encode()]
    for role in ("socket", "cable", "counterpart socket", "counterpart cable"):
        seed = account_seed(f"{SEED}/{TOAST}/{SLICE}", role)
        account = Account(seed)
        keys = [account.key(chain, index).secret for chain in (RECEIVE, CHANGE) for index in range(4)]
        found += [secret.hex().encode() for secret in (seed, *keys)]
    return found


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_secrets_that_are_looked_for_are_those_of_the_run(standing_node: StandingNode) -> None:
    funding = Account(account_seed(f"{SEED}/{TOAST}/{SLICE}", "counterpart cable")).key(RECEIVE, 0)
    raw = next(
        str(event.data["raw"])
        for event in standing_node.run.record.scenarios[0].events
        if event.kind is Kind.TRANSACTION and "raw" in event.data
    )

    assert funding.public.hex() in raw
    assert len(standing_node.password) >= 32


@pytest.mark.parametrize("where", ["files", "terminal", "process list"])
def test_no_secret_is_written_told_or_shown(standing_node: StandingNode, where: str) -> None:
    texts = {
        "files": [path.read_bytes() for path in files_of(standing_node.run.folder)],
        "terminal": [each.said.encode() for each in (standing_node.up, standing_node.info, standing_node.run)],
        "process list": [standing_node.seen_in_ps.encode()],
    }[where]

    assert any(texts)
    for text in texts:
        for secret in secrets(standing_node):
            assert secret not in text
            assert secret.upper() not in text


def test_the_process_list_was_seen_while_the_run_was_on(standing_node: StandingNode) -> None:
    assert "hil.vbench" in standing_node.seen_in_ps


def _order(run: Finished) -> list[str]:
    return [str(next(scenario.of(Kind.START)).data["name"]) for scenario in run.record.scenarios]


def test_no_scenario_leans_on_another_whatever_the_order(shuffled: dict[str, Finished]) -> None:
    written, mixed = shuffled["as written"], shuffled["shuffled"]
    assert _order(mixed) != _order(written)
    assert sorted(_order(mixed)) == sorted(_order(written))
    for run in shuffled.values():
        assert run.code == 0, run.said
        assert {scenario.verdict for scenario in run.record.scenarios} == {Verdict.PASS}


def _evidence(run: Finished) -> dict[str, list[dict[str, Json]]]:
    """What the digest covers, for each scenario by its name."""
    return {
        name: [event.canonical() for event in scenario.events]
        for name, scenario in zip(_order(run), run.record.scenarios, strict=True)
    }


def test_the_evidence_of_a_scenario_does_not_depend_on_what_ran_before_it(shuffled: dict[str, Finished]) -> None:
    assert _evidence(shuffled["as written"]) == _evidence(shuffled["shuffled"])


def test_the_command_that_is_told_runs_the_scenario_alone_with_the_same_evidence(shuffled: dict[str, Finished]) -> None:
    written, alone = _evidence(shuffled["as written"]), _evidence(shuffled["alone"])
    ((name, events),) = alone.items()
    assert name == _order(shuffled["as written"])[-1]
    assert events == written[name]


def test_a_scenario_whose_coin_another_has_had_has_the_same_evidence_as_alone(twins: tuple[Finished, Finished]) -> None:
    both, alone = twins
    assert (both.code, alone.code) == (0, 0), both.said + alone.said
    ((name, events),) = _evidence(alone).items()
    assert list(_evidence(both))[1] == name
    assert _evidence(both)[name] == events
    hosts = [next(scenario.of(Kind.START)).host or {} for run in twins for scenario in run.record.scenarios]
    assert ["node" in host for host in hosts] == [False, True, False]


def test_the_order_follows_from_the_seed(shuffled: dict[str, Finished]) -> None:
    assert shuffled["shuffled"].digest == shuffled["again"].digest


def test_runs_side_by_side_have_the_same_evidence(side_by_side: list[Finished]) -> None:
    first, second = side_by_side
    for run in (first, second):
        assert run.code == 0, run.said
    assert first.digest == second.digest
