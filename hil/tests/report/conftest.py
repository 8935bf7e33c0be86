"""Run folders as the bench writes them: a toast of 135 s, devices that cheat, a scenario that a crash cut off.

``NASTY`` stands wherever evidence may hold text from a device, a feature file or a rig file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hil.evidence.documents import Event, Json, Kind, Verdict
from hil.evidence.limits import Limit, Measurement
from hil.evidence.observations import Counted, Sampled, Source, Timed
from hil.evidence.record import RunRecord
from hil.evidence.run_folder.scenario_writer import ScenarioWriter
from hil.evidence.store import RunWriter
from hil.report.run_view import RunView, view_run
from hil.tests.report.hostile import HOSTILE, PoisoningWriter, poisoned

NASTY = "</script><script>alert(\"1\")</script> & 'quoted' \u2028 \u202e \x1b[31m"

DOCUMENT: Mapping[str, Json] = {
    "id": "2031-05-17T0930Z-7f3a",
    "started": "2031-05-17T09:30:00Z",
    "seed": 42,
    "version": "0.1.0",
    "commit": "83b3b3a2f0c4",
    "features": ["features/toast.feature", "features/underpayment.feature", "features/boot.feature"],
    "rig": {
        "name": "virtual",
        "file": "rigs/virtual.yaml",
        "virtual": True,
        "setups": ["socket under test", "cable under test"],
        "limits": {"power": "3 kW", "session": "600 s"},
        "instruments": [
            {
                "name": "HMC8015",
                "role": "meter",
                "manufacturer": "Rohde & Schwarz",
                "model": "HMC8015",
                "serial": "100042",
                "firmware": "01.102",
                "driver": "wt310e",
            },
            {
                "name": "IT8615",
                "role": "load",
                "manufacturer": "ITECH",
                "model": "IT8615",
                "serial": "800001",
                "firmware": "1.07",
                "calibration": {"certificate": "C-2031-118", "due": "2032-01-31", "uncertainty": "0.1 %"},
            },
        ],
        "devices": [
            {"role": "socket", "description": f"reference socket {NASTY}", "serial": "S1", "firmware": "0.1.0"}
        ],
    },
    "requirements": [
        {"id": "REQ-CUT-1", "text": f"Power is cut in time {NASTY}", "source": "SPEC"},
        {"id": "REQ-BOOT-1", "text": "The first payment within 27 s", "source": "Slides"},
        {"id": "REQ-BOOT-2", "text": "Nobody shows this one", "source": "Slides"},
    ],
    "node": {
        "provider": "docker",
        "version": 280100,
        "subversion": "/Satoshi:28.1.0/",
        "image": "micropay-hil/bitcoind",
        "image_digest": "sha256:4f1c0ffee",
        "options": ["-regtest", "-txindex"],
    },
    "acceptance": {
        "title": "Acceptance report",
        "laboratory": {"name": f"Energy laboratory {NASTY}", "place": "Halmstad"},
        "customer": {"name": "Toast & Sons", "order": "PO-17"},
        "method": "Gherkin scenarios in the feature files named below",
        "conditions": "23 °C ± 2 °C",
        "decision_rule": "A measurement passes only if every value that its uncertainty allows meets the limit.",
        "items": [{"role": "socket", "condition": "as delivered", "received": "2031-05-02"}],
        "persons": [{"role": "Performed by", "name": "—"}, {"role": "Authorised by", "name": "—"}],
    },
}
HOST: Mapping[str, Json] = {"started": "2031-05-17T09:30:00Z", "finished": "2031-05-17T09:30:04Z", "wall_s": 4.1}

FirstPayment = Measurement("power-on to first accepted payment", Limit("s", high=27.0), Timed, (Source.LINE,))
Energy = Measurement("energy delivered", Limit("Wh", low=39.2, high=40.8), Sampled, (Source.LAB_METER,))
Fee = Measurement("transactions on chain", Limit("count", low=1, high=1), Counted, (Source.LEDGER,))
CutOff = Measurement("refused payment to zero current", Limit("s", high=0.5), Timed, (Source.LINE, Source.LAB_METER))
Settlement = Measurement("newest valid transaction confirmed", Limit("s", high=2.0), Timed, (Source.LEDGER,))


def step(writer: ScenarioWriter, text: str, start: float, end: float, outcome: str = "passed", **more: Json) -> None:
    keyword, _, rest = text.partition(" ")
    data = {"keyword": keyword, "text": rest, "line": 10, "outcome": outcome, "started": start, **more}
    writer.write(Event(Kind.STEP, end, "bench", data))


def start(writer: ScenarioWriter, name: str, feature: str, line: int) -> None:
    data: dict[str, Json] = {"name": name, "feature": f"features/{feature}.feature", "line": line, "seed": 42}
    requirement = {"underpayment": "REQ-CUT-1", "toast": "REQ-BOOT-1", "boot": "REQ-BOOT-1"}[feature]
    data |= {"tags": ["socket", NASTY, requirement], "setup": "socket under test"}
    again = f"hil run features/{feature}.feature:{line} --seed 42"
    writer.write(Event(Kind.START, 0.0, "bench", data, host={"again": again}))


def stop(writer: ScenarioWriter, t: float, verdict: Verdict, reason: str = "") -> None:
    safe: Json = {"reached": True, "seconds": 0.142}
    data: dict[str, Json] = {"verdict": verdict.value, "reason": reason, "safe_state": safe}
    writer.write(Event(Kind.STOP, t, "bench", data))


def deliver(writer: ScenarioWriter, seconds: float, *, power_until: float, payments: int) -> None:
    """Readings at 10 Hz of meter and socket: power from 24 s on, credit refilled by 8 Wh with each payment."""
    noise = random.Random(7)  # noqa: S311 - a test signal
    credit, paid = 0.0, 0
    writer.write(Event(Kind.RELAY, 0.0, "K1", {"closed": False, "read_back": False}))
    writer.write(Event(Kind.RELAY, 0.5, "K1", {"closed": True, "read_back": True}))
    writer.write(Event(Kind.RELAY, 0.6, "K2", {"closed": True, "read_back": True}))
    for tick in range(round(seconds * 10)):
        t = tick / 10
        on = 24.4 <= t < power_until
        if t >= 24.2 and credit < 2 and paid < payments:
            paid += 1
            credit += 8.0
            frame: dict[str, Json] = {"direction": "to cable", "message": "RECEIPT", "bytes": "00"}
            writer.write(Event(Kind.FRAME, t, "socket-link", {**frame, "fields": {"n": paid, "energy_Wh": 8.0 * paid}}))
        power = 1300.0 + noise.gauss(0, 1.5) + (450 * 2.7 ** (-(t - 24.4) / 0.8)) if on else abs(noise.gauss(0, 0.02))
        credit = max(credit - power / 36_000, 0.0)
        reading = {"voltage_V": 230.0, "current_A": power / 230, "power_W": power, "energy_Wh": 1300 * t / 3600}
        writer.write(Event(Kind.READING, t, "meter", reading, before=0.1))
        writer.write(
            Event(Kind.READING, t, "socket", {"credit_Wh": round(credit, 4), "delivered_Wh": 8 * paid - credit})
        )
    writer.write(Event(Kind.RELAY, seconds, "K1", {"closed": False, "read_back": False}))


def toast(run: RunWriter) -> None:
    writer = run.scenario(1, "One slice of bread")
    start(writer, "One slice of bread, single-fee", "toast", 7)
    step(writer, "Given a socket under test", 0.0, 0.5)
    step(writer, "When the cable is plugged in", 0.5, 24.2)
    deliver(writer, 135.2, power_until=135.2, payments=5)
    step(writer, "Then 40 Wh flow", 24.2, 135.1)
    step(writer, "And one transaction is on chain", 135.1, 135.2)
    for t, event in ((1.0, "funding"), (135.1, "broadcast"), (135.2, "confirmed")):
        amounts: dict[str, Json] = {"payment_sat": 50_000, "change_sat": 437_400, "fee_sat": 12_600}
        data: dict[str, Json] = {"txid": "17426e6f" + "ab" * 24 + "7e3b0601", "event": event}
        writer.write(Event(Kind.TRANSACTION, t, "ledger", {**data, **({} if event == "funding" else amounts)}))
    for finding in (
        FirstPayment.find(Timed(24.15, 24.25)),
        Energy.find(Sampled.of(40.03, 0.41)),
        Fee.find(Counted(1)),
    ):
        writer.write(Event(Kind.VERDICT, 135.2, "bench", finding.document()))
    stop(writer, 135.3, Verdict.PASS)
    run.scenario_done(writer)


def underpayment(run: RunWriter) -> None:
    writer = run.scenario(2, "Underpays by one satoshi")
    start(writer, f"The cable underpays by 1 satoshi {NASTY}", "underpayment", 12)
    step(writer, "Given a socket under test", 0.0, 0.5)
    writer.write(Event(Kind.FAULT, 30.0, "counterpart", {"what": f"pays 1 sat less {NASTY}", "who": "cable"}))
    deliver(writer, 40.0, power_until=38.4, payments=1)
    fields: Json = {"code": "amount", "text": f"pays 9 999 sat, 10 000 asked {NASTY}"}
    frame: dict[str, Json] = {"direction": "to cable", "message": "ERROR", "fields": fields, "bytes": "00"}
    writer.write(Event(Kind.FRAME, 37.7, "socket-link", frame))
    error: dict[str, Json] = {"what": f"power was cut too late {NASTY}", "place": "features/underpayment.feature:15"}
    step(writer, "When the cable underpays by 1 sat", 0.5, 37.7)
    step(writer, "Then the power is cut within 500 ms", 37.7, 40.0, "failed", error={**error, "remedy": "See its log."})
    step(writer, f"And the newest transaction confirms {NASTY}", 40.0, 40.0, "not run")
    writer.write(
        Event(Kind.VERDICT, 40.0, "bench", CutOff.find(Timed(0.6, 0.7), detail=f"last sample {NASTY}").document())
    )
    writer.write(
        Event(Kind.VERDICT, 40.0, "bench", Settlement.without(Verdict.NOT_RUN, f"never seen {NASTY}").document())
    )
    stop(writer, 40.1, Verdict.FAIL, f"a limit was exceeded {NASTY}")
    run.scenario_done(writer)


def undecided(run: RunWriter) -> None:
    writer = run.scenario(3, "Pays a stranger")
    start(writer, "The cable pays a stranger", "underpayment", 21)
    step(writer, "Then the power is cut within 500 ms", 0.0, 10.0)
    writer.write(Event(Kind.VERDICT, 10.0, "bench", CutOff.find(Timed(0.45, 0.55)).document()))
    stop(writer, 10.1, Verdict.INCONCLUSIVE, "the rig cannot decide")
    run.scenario_done(writer)


def not_applicable(run: RunWriter) -> None:
    writer = run.scenario(4, "Both sides real")
    start(writer, "Both sides real", "boot", 30)
    step(writer, "Given a pair", 0.0, 0.0, "not run")
    data: dict[str, Json] = {"verdict": Verdict.NOT_APPLICABLE.value, "reason": "this bench does not offer: pair"}
    writer.write(Event(Kind.STOP, 0.0, "bench", data))
    run.scenario_done(writer)


def cut_off(run: RunWriter) -> None:
    """A boot scenario whose file ends in the middle of a line, as after ``kill -9``."""
    writer = run.scenario(5, "Boot in time")
    start(writer, "Boot in time", "boot", 5)
    deliver(writer, 30.0, power_until=30.0, payments=1)
    writer.close()
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole[:-40])


def view(folder: Path) -> RunView:
    return view_run(RunRecord.load(folder))


MakeRun = Callable[..., Path]


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Returns a function that writes a run folder of the given scenarios and finishes it if there is a verdict."""

    def make(*scenarios: Callable[[RunWriter], None], verdict: Verdict | None, document: Any = DOCUMENT) -> Path:
        run = RunWriter.create(tmp_path_factory.mktemp("runs") / "run", document, HOST)
        for scenario in scenarios:
            scenario(run)
        if verdict is not None:
            run.finish(verdict)
        return run.folder

    return make


@pytest.fixture(scope="session")
def finished_run(make_run: MakeRun) -> Path:
    return make_run(toast, underpayment, undecided, not_applicable, verdict=Verdict.FAIL)


@pytest.fixture(scope="session")
def crashed_run(make_run: MakeRun) -> Path:
    return make_run(toast, cut_off, verdict=None)


@pytest.fixture(scope="session")
def hostile_run(make_run: MakeRun) -> Path:
    """A run in which each text means harm."""

    def write(run: RunWriter) -> None:
        underpayment(PoisoningWriter(run, HOSTILE))  # type: ignore[arg-type]  # a writer in all that it uses

    return make_run(write, verdict=Verdict.FAIL, document={**poisoned(DOCUMENT, HOSTILE), "waivers": []})
