"""What happens to a simulation, as plain data: drawn from a seed for throughput, or by hypothesis, which can shrink it.

An action is a tuple: its name and its arguments. ``act`` carries one out; ``finish`` ends all disturbance, takes one
of the two devices away, and holds what is left against the rules.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from hil.fuzz.sessions.invariants import InvariantBroken
from hil.fuzz.sessions.ledger import THIEF
from hil.fuzz.sessions.misbehaviour import CHEATS
from hil.fuzz.sessions.simulation import OTHER, Simulation
from hil.protocol.cable.table import CableState
from hil.protocol.codes import ErrorCode
from hil.protocol.policy import Mode, Policy
from hil.protocol.wire.framing import encode_frame
from hil.protocol.wire.messages import Error, Payment, encode_message

Action: TypeAlias = tuple[Any, ...]

ROLES: Final = ("socket", "cable")
WAITS_S: Final = (0.01, 0.3, 1.0, 2.5, 4.0, 11.0)
CUTS_S: Final = (0.0, 0.2, 3.0)
POWERS_W: Final = (0.0, 60.0, 1300.0, 3000.0, 3500.0)
LATENESS_S: Final = (0.002, 0.01, 0.3, 1.9, 2.5, 7.0)
AMOUNTS: Final = (1, 77, 500, 2400, 9000)
LEDGER_DELAYS_S: Final = (0.0, 0.05, 0.05, 4.0)
FAULTS: Final = ("drop", "drop", "twice", "flip", "late", "cut", "noise")
MISPLACED: Final = ("garbage", "stranger's session", "replay", "late answer", "future version", "conflict of nothing")
ENDINGS: Final = ("cable leaves", "socket leaves")
_POLICY: Final = Policy()
_RESTING: Final = {CableState.UNPLUGGED, CableState.CALLING, CableState.ENDED}


@dataclass(frozen=True)
class Plan:
    """One adversarial simulation: its set-up, what happens, and how it ends."""

    mode: Mode = Mode.SINGLE_FEE
    ledger_delay_s: float = 0.05
    payments: int = 3
    coin_values: tuple[int, ...] = (100_000,)
    actions: tuple[Action, ...] = field(default=())
    ending: str = ENDINGS[0]

    @property
    def socket(self) -> dict[str, Any]:
        """Profile of the socket: 2 000 mWh for 2 500 sat, so that seconds suffice for several payments."""
        return {"mode": self.mode.label, "ledger_delay_s": self.ledger_delay_s, "quantum_sat": 2500}

    def start(self, number: int = 0, **more: Any) -> Simulation:
        """Build the simulation, both devices switched on."""
        more = {"coin_values": self.coin_values} | more
        return Simulation(number, socket=self.socket, cable={"max_payments": self.payments}, **more).start()


def random_plan(draw: random.Random, *, thieves: bool = True) -> Plan:
    """Draw a plan; ``thieves``: the coins may be spent elsewhere, which only the ledger in memory offers."""
    actions: list[Action] = []
    for _ in range(draw.randint(1, 5)):
        actions += [random_action(draw, thieves=thieves), ("run", draw.choice(WAITS_S))]
    return Plan(
        mode=draw.choice(tuple(Mode)),
        ledger_delay_s=draw.choice(LEDGER_DELAYS_S),
        payments=draw.randint(1, 4),
        coin_values=draw.choice(((100_000,), (30_000, 25_000), (7_000,), (4_050,))),
        actions=tuple(actions),
        ending=draw.choice(ENDINGS),
    )


def random_action(draw: random.Random, *, thieves: bool = True) -> Action:
    """Draw one disturbance."""
    role = draw.choice(ROLES)
    match draw.randrange(9):
        case 0 | 1:
            faults = [draw.choice(FAULTS) for _ in range(draw.randint(1, 4))]
            return "faults", role, tuple((kind, fault_value(kind, draw.randrange(4000))) for kind in faults)
        case 2:
            return "restart", role, draw.choice(CUTS_S)
        case 3 | 4:
            return "cheat", role, draw.choice(tuple(CHEATS[role])), draw.choice(AMOUNTS)
        case 5:
            return "draw", draw.choice(POWERS_W)
        case 6:
            return "misplaced", role, draw.choice(MISPLACED), draw.randrange(4000)
        case 7:
            return draw.choice((("ledger", False), ("ledger", True), ("line", False), ("line", True)))
    return ("rob",) if thieves else ("stick", draw.random() < 0.5)


def fault_value(kind: str, number: int) -> float:
    """Turn any number into the argument of a fault of this kind."""
    return LATENESS_S[number % len(LATENESS_S)] if kind == "late" else float(number)


def act(simulation: Simulation, action: Action) -> None:
    """Carry out one action; the auditor checks after every event of it."""
    match action:
        case ("run", seconds):
            simulation.run_for(seconds)
        case ("faults", role, faults):
            simulation.faults[role].extend(faults)
        case ("restart", role, seconds):
            simulation.supply(role, False)
            simulation.run_for(seconds)
            simulation.supply(role, True)
        case ("cheat", role, name, amount):
            simulation.cheats[role] = CHEATS[role][name](simulation, amount)
        case ("honest", role):
            simulation.cheats[role] = None
        case ("draw", watts):
            simulation.power_w = watts
        case ("misplaced", role, kind, number):
            _misplace(simulation, role, kind, number)
        case ("ledger", available):
            simulation.ledger.available = available
        case ("line", whole):
            simulation.line_cut = not whole
        case ("stick", stuck):
            simulation.contact_stuck = stuck
        case ("rob",):
            if simulation.memory is not None:
                simulation.auditor.robbed |= simulation.memory.spend_elsewhere(simulation.coins)
        case _:
            raise ValueError(f"{action!r} is no action")
    simulation.check()


def finish(simulation: Simulation, ending: str) -> Counter[str]:
    """Undisturbed from here on, one device leaves; return how the sessions ended, once all has come to rest."""
    simulation.ledger.available, simulation.line_cut = True, False
    simulation.cheats = {"socket": None, "cable": None}
    for faults in simulation.faults.values():
        faults.clear()
    patience_s = _POLICY.silent_peer_s + 2 * (_POLICY.settle_s + _POLICY.reply_s + max(LEDGER_DELAYS_S)) + 1
    if ending == "socket leaves":
        simulation.supply("socket", False)
        simulation.run_for(patience_s)
        cable = simulation.cable_machine
        if cable is None or cable.state not in _RESTING:
            raise InvariantBroken(f"the cable does not come to rest: {cable and cable.state}")
        simulation.supply("cable", False)
        simulation.supply("socket", True)
    simulation.supply("cable", False)
    simulation.run_for(patience_s)
    return simulation.auditor.check_at_rest()


def run_plan(plan: Plan, number: int = 0, **more: Any) -> tuple[Simulation, Counter[str]]:
    """Let a whole simulation happen; raises InvariantBroken."""
    simulation = plan.start(number, **more)
    for action in plan.actions:
        act(simulation, action)
    return simulation, finish(simulation, plan.ending)


def _misplace(simulation: Simulation, role: str, kind: str, number: int) -> None:
    """Give a device what is not allowed now; its state must stay as it is."""
    machine = simulation.devices[role].machine
    if machine is None:
        return
    before = _snapshot(simulation, role)
    match kind:
        case "garbage":
            simulation.devices[role].program.on_link_bytes(
                b"\0" + number.to_bytes(2, "big") * 3 + b"\0", simulation.now
            )
        case "stranger's session":
            strange = Error(b"stranger", number, ErrorCode.UNEXPECTED, "")
            _tell(simulation, role, encode_message(strange))
            _tell(simulation, role, encode_message(Payment(b"stranger", number, 1, bytes(60))))
        case "replay":
            if simulation.heard[role]:
                frames = simulation.heard[role]
                simulation.devices[role].program.on_link_bytes(b"\0" + frames[number % len(frames)], simulation.now)
        case "future version":
            _tell(simulation, role, bytes.fromhex("860148") + b"stranger" + bytes.fromhex("010281f503"))
        case "late answer" if role == "socket":
            machine.on_coins_examined(-1, None, simulation.now)
            machine.on_payment_examined(-1, None, simulation.now)
            machine.on_settled(-1, None, simulation.now)
        case "conflict of nothing" if role == "socket" and not simulation.closed and not machine.newest:
            machine.on_conflict(THIEF, simulation.now)
    after = _snapshot(simulation, role)
    if before != after:
        raise InvariantBroken(f"{kind} changed the {role} from {before} to {after}")


def _snapshot(simulation: Simulation, role: str) -> tuple[object, ...]:
    machine = simulation.devices[role].machine
    newest = machine.newest if role == "socket" else b""
    return machine.state, machine.payments, machine.credited_mwh, newest, simulation.closed, OTHER[role]


def _tell(simulation: Simulation, role: str, payload: bytes) -> None:
    simulation.devices[role].program.on_link_bytes(b"\0" + encode_frame(payload), simulation.now)
