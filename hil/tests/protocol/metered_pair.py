"""Both machines, each with a meter of its own that errs: hours of charging in milliseconds. For tests only.

Messages arrive at once, and the ledger finds everything good. Energy flows in steps that end where something follows
from it: where the socket asks for the next payment, and where its credit ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hil.protocol.cable.machine import CableMachine
from hil.protocol.cable.table import CableState
from hil.protocol.effects import Effect, ExamineCoins, ExaminePayment, Settle, Transmit
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.protocol.policy import CableLimits, Policy, SocketTerms, credited_energy_mwh, quantum_energy_mwh
from hil.protocol.socket.machine import SocketMachine
from hil.protocol.socket.table import CONTACT_CLOSED
from hil.protocol.wire.messages import Close, Error, Message, Offer, Payment
from hil.units import Satoshi

_CABLE, _CHANGE = Key(b"\x02" * 32), Key(b"\x03" * 32)
_KEYS = {key.p2wpkh_script: key for key in (_CABLE, _CHANGE)}
_PAYEES = [Key(number.to_bytes(32, "big")).p2wpkh_script for number in range(1, 400)]


@dataclass(frozen=True)
class Step:
    """How both meters see some of the energy.

    :param socket: what the socket's meter makes of 1 mWh, 1.02 for one that is 2 % fast; ``cable`` likewise.
    :param late_mwh: the cable's count is behind by what flowed since its reading was new.
    :param beyond_mwh: what flows before the socket sees that its credit is spent.
    """

    socket: float
    cable: float
    late_mwh: float = 0.0
    beyond_mwh: float = 0.0


class MeteredPair:
    """A socket and a cable; ``run`` lets them trade until the cable calls no more.

    :param power_w: what the appliance draws.
    :param steps: how the meters see the energy, step by step, without end.
    """

    def __init__(self, terms: SocketTerms, limits: CableLimits, power_w: float, steps: Iterator[Step]) -> None:
        self.now = 0.0
        self.sent: list[Message] = []
        self.losses_mwh: list[float] = []
        """After each payment: what the session's payments buy, less what truly flowed in it."""
        self.ahead_mwh: list[int] = []
        """At each payment: how much more the socket claimed than the cable counted."""
        self._power_w = power_w
        self._steps = steps
        self._step = next(steps)
        self._flowed = self._socket_count = self._cable_count = self._flowed_before = 0.0
        self._line: deque[tuple[SocketMachine | CableMachine, bytes]] = deque()
        coin = Coin(OutPoint("11" * 32, 0), Satoshi(21_000_000 * 10**8), _CABLE.p2wpkh_script)
        payees, sessions = iter(_PAYEES), iter(range(1, 1 << 16))
        self.socket = SocketMachine(terms, Policy(), lambda: next(payees))
        self.cable = CableMachine(
            limits, Policy(), [coin], _KEYS, _CHANGE.p2wpkh_script, lambda: next(sessions).to_bytes(8, "big")
        )
        self._paid: set[tuple[bytes, int]] = set()

    @property
    def errors(self) -> list[Error]:
        return [message for message in self.sent if isinstance(message, Error)]

    @property
    def reasons(self) -> list[str]:
        """Why sessions were closed, by either side."""
        return [message.reason.name for message in self.sent if isinstance(message, Close)]

    @property
    def payments(self) -> int:
        """Payments that the cable signed, in all sessions."""
        return len(self._paid)

    @property
    def quantum_mwh(self) -> int:
        return quantum_energy_mwh(self.socket.terms)

    def run(self, most_steps: int = 20_000) -> None:
        """Trade until the cable calls no more; AssertionError if that takes longer than ``most_steps``."""
        self._carry_out(self.cable, self.cable.plug(self.now))
        for _ in range(most_steps):
            if self.cable.state is CableState.ENDED:
                return
            if self.socket.state in CONTACT_CLOSED:
                self._flow()
            else:
                dues = [machine.next_deadline() for machine in (self.socket, self.cable)]
                self.now = max(self.now, min(due for due in dues if due is not None))
            self._carry_out(self.socket, self.socket.on_time(self.now))
            self._carry_out(self.cable, self.cable.on_time(self.now))
        raise AssertionError(f"not at an end after {most_steps} steps, {self.payments} payments")

    def _flow(self) -> None:
        """Let flow what it takes until something follows from it, by the socket's meter."""
        self._step = step = next(self._steps)
        credit = self.socket.credit_mwh
        asks = credit - self.socket.policy.top_up_credit_mwh
        counted = asks + 1 if asks > 0 else credit + step.beyond_mwh
        counted = min(counted, step.socket * 30 * self._power_w / 3.6)  # neither side seems silent to the other
        flowed = counted / step.socket
        self.now += flowed * 3.6 / self._power_w
        self._flowed += flowed
        self._socket_count += counted
        self._cable_count += flowed * step.cable
        used = max(0, int(self._cable_count - step.late_mwh))
        self._carry_out(self.cable, self.cable.on_power(self._power_w, used, self.now))
        self._carry_out(self.socket, self.socket.on_energy(int(self._socket_count + 1e-6), self.now))

    def _carry_out(self, machine: SocketMachine | CableMachine, effects: list[Effect]) -> None:
        """Carry out what the machine asks for, and all that follows from it at once."""
        self._put(machine, effects)
        while self._line:
            receiver, data = self._line.popleft()
            self._put(receiver, receiver.on_bytes(data, self.now))

    def _put(self, machine: SocketMachine | CableMachine, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit(message, data):
                    self._note(message)
                    self._line.append((self.cable if machine is self.socket else self.socket, data))
                case ExamineCoins(question=question):
                    self._put(machine, self.socket.on_coins_examined(question, None, self.now))
                case ExaminePayment(question=question):
                    self._put(machine, self.socket.on_payment_examined(question, None, self.now))
                case Settle(question=question):
                    self._put(machine, self.socket.on_settled(question, None, self.now))

    def _note(self, message: Message) -> None:
        self.sent.append(message)
        if isinstance(message, Offer):
            self._flowed_before = self._flowed
        elif isinstance(message, Payment) and (message.session, message.n) not in self._paid:
            self._paid.add((message.session, message.n))
            flowed = self._flowed - self._flowed_before
            self.losses_mwh.append(credited_energy_mwh(self.socket.terms, message.n) - flowed)
            self.ahead_mwh.append(self.socket.delivered_mwh - self.cable.used_mwh)
