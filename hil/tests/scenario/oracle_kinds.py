"""What the oracle draws: power, messages and instants, for each measurement that readings or stamps tell of."""

from __future__ import annotations

import math
from itertools import cycle

from hil.evidence.documents import Kind as EventKind
from hil.evidence.limits import Limit
from hil.evidence.observations import Source
from hil.instruments import hmc8015, wt310e
from hil.protocol.codes import CloseReason, ErrorCode
from hil.rig.sampling.timer import LATENCY_S
from hil.scenario.check import sampled, timed, within_time
from hil.scenario.measurements import cuts, energy, ledger, link, payments, session
from hil.scenario.measurements.voltage_gaps import longest_interruption
from hil.scenario.stimuli.mains_plug_and_load import MAINS, PLUG
from hil.tests.scenario.oracle import Case, Domain, Kind, Number, Option, Parameters
from hil.tests.scenario.sessions import Session
from hil.tests.scenario.timelines import Scene, Truth

S = Session()
NEVER = 1e6
LINE, LAB = Source.LINE, Source.LAB_METER

WALL_BOUND_S = 0.005
TRANSMISSION_S = 0.03
"""More than any message of these sessions takes on the line."""

METERS = (hmc8015.LIMITS, wt310e.LIMITS)

METER: Domain = {
    "meter": Option((0, 1)),
    "period": Option((0.1, 0.05, 0.25, 0.5)),
    "phase": Number(0.0, 0.4999),
    "gain": Option((0, -1, 1)),
    "offset": Option((0, -1, 1)),
    "watts": Number(20.0, 1900.0),
}
"""The parameters of the lab meter: its limits, and how much of its limits of error it uses up."""

CLOCK: Domain = {"wall": Option((0, 1)), "errors": Option((0, 1, 2, 3))}
"""Whether stamps may be in error, and how they are."""


def scene_of(p: Parameters, *live: tuple[float, float], **options: str) -> Scene:
    """Return the scene of these parameters: live in these times."""
    bound = WALL_BOUND_S * p.get("wall", 0)
    pattern = [(0.0,), (bound,), (-bound,), (bound, -bound, 0.0)][int(p.get("errors", 0))]
    errors = cycle(pattern)
    limits = METERS[int(p["meter"])] if "meter" in p else METERS[0]
    return Scene(
        Truth(tuple(each for each in live if each[0] < each[1]), p.get("watts", 1000.0)),
        period=p.get("period", 0.1),
        phase=p.get("phase", 0.0),
        gain=p.get("gain", 0) * limits.power.of_reading,
        offset=p.get("offset", 0) * limits.power.of_range * limits.power.end,
        volts_gain=p.get("gain", 0) * limits.voltage.of_reading,
        bound=bound,
        error=lambda: next(errors),
        limits=limits,
        metered="period" in p,
        **options,  # type: ignore[arg-type]
    )


def edge_width(p: Parameters) -> float:
    """Return the stated width of a time to an edge of power: two updates, a reading, its latency, four stamps."""
    return 2 * p["period"] + LATENCY_S + 0.1 + 4 * WALL_BOUND_S * p["wall"] + TRANSMISSION_S


def _paid(scene: Scene, at: float = 0.2) -> None:
    scene.from_socket(at, S.offer())
    scene.from_cable(at + 0.1, S.payment(1))
    scene.from_socket(at + 0.15, S.receipt(1))


# --- edges of power -------------------------------------------------------------------------------------------------


def _cut(p: Parameters) -> Case:
    cut = NEVER if p["never"] else p["cause"] + p["took"]
    scene = scene_of(p, (p["on"], cut))
    _paid(scene)
    scene.strike(p["cause"], S.forged(2))
    scene.run(p["cause"] + p["later"])
    took = NEVER if p["never"] else max(0.0, p["took"])
    check = within_time("cut", p["limit"], cuts.refusal_to_cut, LINE, LAB)
    return Case(scene, check, lambda: (max(0.0, took - TRANSMISSION_S), took), edge_width(p))


def _attack_cut(p: Parameters) -> Case:
    cut = NEVER if p["never"] else p["cause"] + p["took"]
    scene = scene_of(p, (p["on"], cut))
    scene.write(p["cause"], EventKind.FAULT, "ledger", {"what": "attack", "who": "ledger"})
    scene.run(p["cause"] + p["later"])
    took = NEVER if p["never"] else max(0.0, p["took"])
    check = within_time("cut", p["limit"], ledger.attack_to_cut, LINE, LAB)
    return Case(scene, check, lambda: (took, took), edge_width(p))


def _dead(p: Parameters) -> Case:
    cut = NEVER if p["never"] else p["cause"] + p["took"]
    scene = scene_of({**p, "watts": 0.0}, (p["on"], cut))
    scene.fault(p["cause"], PLUG, "cable pulled out of the socket")
    scene.run(p["cause"] + p["later"])
    took = NEVER if p["never"] else max(0.0, p["took"])
    check = within_time("dead", p["limit"], cuts.unplugged_to_dead, LINE, LAB)
    return Case(scene, check, lambda: (took, took), edge_width(p))


def _came(p: Parameters) -> Case:
    on = NEVER if p["never"] else p["cause"] + max(0.0, p["took"])
    scene = scene_of(p, (on, NEVER))
    scene.from_cable(p["cause"], S.payment(1))
    scene.run(p["cause"] + p["later"])
    took = on - p["cause"]
    check = within_time("came", p["limit"], cuts.payment_to_power, LINE, LAB)
    return Case(scene, check, lambda: (took, took), edge_width(p))


def _came_back(p: Parameters) -> Case:
    on = NEVER if p["never"] else p["cause"] + max(0.0, p["took"])
    lost = p["cause"] - p["gap"]
    scene = scene_of(p, (p["on"], lost), (on, NEVER))
    scene.fault(lost, MAINS, "mains lost")
    scene.fault(p["cause"], MAINS, "mains restored")
    scene.run(p["cause"] + p["later"])
    took = on - p["cause"]
    check = within_time("came back", p["limit"], cuts.restored_to_power, LINE, LAB)
    return Case(scene, check, lambda: (took, took), edge_width(p) + 2 * p["period"])


EDGE: Domain = {
    **METER,
    **CLOCK,
    "on": Number(0.3, 1.0),
    "cause": Number(2.0, 2.6),
    "took": Number(-0.3, 2.0),
    "never": Option((0, 0, 0, 0, 0, 1)),
    "later": Number(0.0, 2.5),
    "limit": Number(0.05, 1.5),
}

# --- energy and power -----------------------------------------------------------------------------------------------

FLOW: Domain = {
    **METER,
    "on": Number(0.3, 1.5),
    "lasts": Number(0.0, 4.0),
    "until": Number(2.0, 6.0),
    "beside": Number(-0.5, 0.5),
}
"""Power that flows for a while; the limit is the truth and ``beside``, as a share of it."""


def energy_width(p: Parameters, scene: Scene) -> float:
    """Return twice what the meter states of an energy, and what flows within three of its updates."""
    wh, seconds = scene.truth.energy_wh(NEVER), p["lasts"] + 12 * p["period"] + 1.0
    budget = scene.meter.limits.energy_budget(wh, seconds, wh * 1.01, scene.meter.conditions)
    return 2 * budget.expanded + p["watts"] * (3 * p["period"] + 0.2) / 3600


def _flowed(scene: Scene) -> float:
    return scene.truth.energy_wh(scene.clock.now())


def _delivered(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], p["on"] + p["lasts"])).run(p["until"])
    asked = scene.truth.energy_wh(p["until"])
    check = sampled("energy", Limit("Wh", high=asked * (1 + p["beside"])), energy.delivered, LAB)
    return Case(scene, check, lambda: (asked, _flowed(scene)), energy_width(p, scene))


def _unpaid(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], p["on"] + p["lasts"]))
    kinds = {0: S.payment(1), 1: S.forged(1), 2: S.unsigned(1)}
    scene.from_socket(0.1, S.offer())
    scene.from_cable(0.15, kinds[int(p["payment"])], lost=bool(p["lost"]))
    scene.from_socket(0.2, S.receipt(1, int(p["credited"])))
    scene.run(p["until"])
    paid = 4.0 if p["payment"] == 0 and not p["lost"] else 0.0
    asked = scene.truth.energy_wh(p["until"]) - paid
    check = sampled("unpaid", Limit("Wh", high=asked + p["beside"]), energy.unpaid, LAB)
    return Case(scene, check, lambda: (asked, _flowed(scene) - paid), energy_width(p, scene))


def _no_power(p: Parameters) -> Case:
    on, lasts = p["on"], 0.0 if p["none"] else max(p["lasts"], 2 * p["period"] + 0.2)
    scene = scene_of(p, (on, on + lasts)).run(6.0)
    power = p["watts"] if lasts else 0.0
    check = sampled("power", Limit("W", high=scene.observer.off_w), energy.highest_power, LAB)
    return Case(scene, check, lambda: (power, power), 2.0 * scene.observer.off_w if power else 0.0)


def _highest(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], NEVER)).run(p["until"] + 1.0)
    limit = Limit("W", p["watts"] * (1 + p["beside"]) - 100, p["watts"] * (1 + p["beside"]) + 100)
    check = sampled("power", limit, energy.highest_power, LAB)
    u = scene.meter.power_budget(scene.meter.window(5.0)).expanded
    skipped = p["watts"] if p["period"] < 0.1 else 0.0
    return Case(scene, check, lambda: (p["watts"], p["watts"]), 3 * u + skipped)


def _live_early(p: Parameters) -> Case:
    scene = scene_of(p, (p["receipt"] - p["early"], NEVER))
    scene.from_socket(0.1, S.offer())
    scene.from_cable(p["receipt"] - 0.05, S.payment(1))
    scene.from_socket(p["receipt"], S.receipt(1))
    scene.run(p["receipt"] + p["later"])
    early = max(0.0, p["early"])
    check = within_time("live", p["period"], energy.live_before_acceptance, LINE, LAB)
    width = p["period"] * 1.05 + LATENCY_S + 4 * WALL_BOUND_S * p["wall"] + (0.05 if p["period"] < 0.1 else 0.0)
    return Case(scene, check, lambda: (early, early), width)


def _interruption(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], p["off"]), (p["off"] + p["length"], 5.5)).run(6.0)
    check = within_time("off", 0.02, longest_interruption, LAB)
    # half of a spell may be in either of two windows; windows that are not read are bounded by their energy
    width = math.inf if p["period"] < 0.1 else max(p["length"] / 2, 0.02) + 0.01 + 0.02 * p["period"]
    return Case(scene, check, lambda: (p["length"], p["length"]), width)


# --- credit ---------------------------------------------------------------------------------------------------------


def _credit_at_request(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], NEVER))
    _paid(scene, 0.6)
    asked = p["on"] + p["lasts"] + 0.5
    scene.from_socket(asked, S.request(2))
    scene.run(asked + 0.05)
    truth = 4.0 - scene.truth.energy_wh(asked, 0.6)
    limit = Limit("Wh", truth + p["beside"] - 0.2, truth + p["beside"] + 0.2)
    check = sampled("credit", limit, session.credit_at_requests, LAB)
    return Case(
        scene, check, lambda: (truth, truth), 2 * energy_width({**p, "lasts": 8.0}, scene) + p["watts"] * 0.5 / 3600
    )


def _credit_at_cut(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], p["on"] + max(p["lasts"], 2 * p["period"])))
    _paid(scene, 0.0)
    scene.run(p["on"] + max(p["lasts"], 2 * p["period"]) + 2 * p["period"] + 0.2)
    truth = 4.0 - scene.truth.energy_wh(NEVER)
    check = sampled("credit", Limit("Wh", high=max(0.0, truth + p["beside"])), link.credit_at_cuts, LAB)
    return Case(scene, check, lambda: (truth, truth), energy_width({**p, "lasts": 8.0}, scene) * 2 + p["watts"] / 3600)


def _billed(p: Parameters) -> Case:
    scene = scene_of(p, (p["on"], p["on"] + p["lasts"]))
    scene.from_socket(p["on"] + p["lasts"] + 0.1, S.meter(round(p["claimed"])))
    scene.run(p["on"] + p["lasts"] + 0.3)
    truth = round(p["claimed"]) / 1000 - scene.truth.energy_wh(NEVER)
    check = sampled("billed", Limit("Wh", high=truth + p["beside"]), session.billed_beyond_delivered, LAB)
    return Case(scene, check, lambda: (truth, truth), energy_width(p, scene))


# --- messages -------------------------------------------------------------------------------------------------------

SAID: Domain = {
    **CLOCK,
    "asked": Number(1.0, 3.0),
    "took": Number(0.02, 4.0),
    "never": Option((0, 0, 0, 0, 1)),
    "lost": Option((0, 0, 1)),
    "later": Number(0.0, 3.0),
    "limit": Number(0.02, 3.0),
}


def stamps_width(p: Parameters) -> float:
    return 4 * WALL_BOUND_S * p["wall"]


def _reply(p: Parameters) -> Case:
    scene = scene_of(p)
    took = NEVER if p["never"] else p["took"]
    scene.from_cable(0.5, S.hello())
    scene.from_socket(0.51, S.offer())
    scene.from_cable(p["asked"], S.payment(1), lost=bool(p["lost"]))
    again = p["asked"] + (0.01 if not p["lost"] else 0.3)
    scene.from_cable(again, S.payment(1))
    begins = again if p["lost"] else p["asked"]
    if not p["never"]:
        scene.from_socket(begins + max(took, 0.02), S.receipt(1))
    scene.run(max(begins, again) + p["later"])
    truth = max(took, 0.02)
    check = within_time("reply", p["limit"], session.slowest_reply, LINE)
    return Case(scene, check, lambda: (truth, truth), stamps_width(p))


def _given_up(p: Parameters) -> Case:
    scene = scene_of(p)
    scene.fault(p["asked"], "link", "dead")
    if p["lost"]:
        scene.from_socket(p["asked"] - 0.5, S.close(CloseReason.PEER_SILENT))
    if not p["never"]:
        scene.from_socket(p["asked"] + p["took"], S.close(CloseReason.PEER_SILENT))
    scene.run(p["asked"] + p["later"])
    truth = NEVER if p["never"] else p["took"]
    check = within_time("given up", p["limit"], lambda observer, s: link.given_up(observer, "socket", s), LINE)
    return Case(scene, check, lambda: (truth, truth), stamps_width(p))


def _reported(p: Parameters) -> Case:
    scene = scene_of(p)
    scene.write(p["asked"], EventKind.FAULT, "ledger", {"what": "attack", "who": "ledger"})
    if p["lost"]:
        scene.from_socket(p["asked"] - 0.5, S.error(ErrorCode.CONFLICT))
    if not p["never"]:
        scene.from_socket(p["asked"] + p["took"], S.error(ErrorCode.CONFLICT))
    scene.run(p["asked"] + p["later"])
    truth = NEVER if p["never"] else p["took"]
    check = within_time("report", p["limit"], lambda t, s: ledger.attack_to_report(t, "CONFLICT", s), LINE)
    return Case(scene, check, lambda: (truth, truth), stamps_width(p))


def _boot(p: Parameters) -> Case:
    scene = scene_of(p)
    scene.power_on(0.5)
    scene.from_socket(0.6, S.offer(), *([S.receipt(1)] if p["lost"] else []))
    if not p["never"]:
        scene.from_cable(p["asked"] + p["took"] - 0.01, S.payment(1))
        scene.from_socket(p["asked"] + p["took"], S.receipt(1))
    scene.run(p["asked"] + p["later"])
    truth = NEVER if p["never"] else p["asked"] + p["took"] - 0.5
    check = within_time("boot", 2 * p["limit"], payments.boot_to_payment, LINE)
    return Case(scene, check, lambda: (truth, truth), stamps_width(p) + WALL_BOUND_S * p["wall"])


def _apart(p: Parameters) -> Case:
    scene = scene_of(p)
    gaps = (p["took"] + 0.1, p["later"] + 0.1)
    for n, t in enumerate((p["asked"], p["asked"] + gaps[0], p["asked"] + sum(gaps)), start=1):
        scene.from_socket(t, S.request(n))
    scene.run(p["asked"] + sum(gaps) + 0.1)
    check = timed("apart", Limit("s", low=p["limit"]), session.between_requests, LINE)
    return Case(scene, check, lambda: (min(gaps), min(gaps)), stamps_width(p))


KINDS = (
    Kind("refused payment to zero power", EDGE, _cut),
    Kind("attack to zero power", EDGE, _attack_cut),
    Kind("unplugging to dead outlet", EDGE, _dead),
    Kind("first payment to power", EDGE, _came),
    Kind("restored mains to power", {**EDGE, "gap": Number(0.03, 0.9)}, _came_back),
    Kind("energy delivered", FLOW, _delivered),
    Kind(
        "unpaid energy",
        {**FLOW, "payment": Option((0, 1, 2)), "lost": Option((0, 0, 1)), "credited": Option((4000, 6000, 9000))},
        _unpaid,
    ),
    Kind("no power", {**FLOW, "none": Option((1, 0))}, _no_power),
    Kind("highest power", FLOW, _highest),
    Kind(
        "live before acceptance",
        {**METER, **CLOCK, "receipt": Number(1.5, 2.2), "early": Number(-0.3, 0.9), "later": Number(0.0, 1.0)},
        _live_early,
    ),
    Kind(
        "longest interruption",
        {**METER, "on": Number(0.3, 0.9), "off": Number(2.0, 2.6), "length": Number(0.0, 1.6)},
        _interruption,
    ),
    Kind("credit at requests", FLOW, _credit_at_request),
    Kind("credit at cuts", FLOW, _credit_at_cut),
    Kind("billed beyond delivered", {**FLOW, "claimed": Number(0.0, 3000.0)}, _billed),
    Kind("slowest answer", SAID, _reply),
    Kind("peer given up", SAID, _given_up),
    Kind("attack to report", SAID, _reported),
    Kind("boot", SAID, _boot),
    Kind("time between requests", SAID, _apart),
)
