"""The cable with its line and its meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.second.cable.appliance import Appliance
from hil.second.cable.buyer import Buyer
from hil.second.cable.means import BuyerState, Means
from hil.second.cable.purse import Purse
from hil.second.codes import Mode, Network
from hil.second.history import EndedSession, History
from hil.second.line import Line
from hil.second.money.energy import Counter
from hil.second.terms import Limits, Policy
from hil.second.wire.messages import Undecodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hil.second.coins import Coin

READING_S = 0.5
"""How often power and mains voltage are read in a session, at least."""


class Cable:
    """A buyer that plays against a socket.

    It has no clock: ``now`` is in seconds and never goes back. The host calls ``on_time`` when ``next_deadline`` has
    come; of one instant it tells bytes first. Being plugged in again is a restart: the cable goes on in the session in
    which it signed, and calls anew if there is none.

    :param coins: what it was given.
    :param keys: the secret, 32 bytes, of each script that it may spend: its coins' and its changes'.
    :param change_script: where change goes; may be set anew before each ``plug``.
    :param session_id: draws 8 bytes that were never drawn before.
    :param write: takes bytes for the line.
    :param energy_wh: its meter, in Wh since it was plugged in.
    :param power_w: the power of now, in W.
    :param live: whether there is mains voltage.
    :param limits: what it agrees to.
    :param max_payments: its budget from plug to plug, 1 to 65535.
    :param network: the ledger on which its coins are.
    :param modes: what it speaks, best first.
    :param policy: its timers.
    :param on_note: takes a line for people; none holds a secret.
    """

    def __init__(
        self,
        *,
        coins: Iterable[Coin],
        keys: Mapping[bytes, bytes],
        change_script: bytes,
        session_id: Callable[[], bytes],
        write: Callable[[bytes], None],
        energy_wh: Callable[[], float],
        power_w: Callable[[], float],
        live: Callable[[], bool],
        limits: Limits | None = None,
        max_payments: int = 100,
        network: Network = Network.REGTEST,
        modes: Sequence[Mode] = (Mode.SINGLE_FEE, Mode.PER_PAYMENT),
        policy: Policy | None = None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.change_script = change_script
        self.history = History()
        limits, policy = limits or Limits(), policy or Policy()
        meters = limits.two_meters(policy.unpaid_energy_mwh)
        self._counter = Counter(energy_wh)
        self._appliance = Appliance(power_w, live, policy)
        self._line = Line(write, on_note)
        self._read_at = 0.0
        means = Means(keys, limits, policy, meters, network, tuple(modes), session_id, self._line.send, on_note)
        purse = Purse(coins, max_payments, meters)
        self._buyer = Buyer(means, purse, self._counter, self._appliance, self.history)

    @property
    def state(self) -> BuyerState:
        """Where it is in SPEC's table."""
        return self._buyer.state

    @property
    def signed(self) -> dict[bytes, dict[int, bytes]]:
        """For each session the newest signed transaction of each payment."""
        return self.history.signed

    @property
    def ended(self) -> list[EndedSession]:
        """The sessions that are over."""
        return self.history.ended

    def plug(self, now: float) -> None:
        """It was plugged in and runs: it calls."""
        self._line.reset()
        self._counter.restart()
        self.read_meter(now)
        self._buyer.power_on(self.change_script, now)

    def on_bytes(self, data: bytes, now: float) -> None:
        """Bytes came, in any pieces; the meter is read before each message is looked at."""
        for message in self._line.messages(data):
            if not isinstance(message, Undecodable):
                self.read_meter(now)
                self._buyer.take(message, now)

    def on_time(self, now: float) -> None:
        """Time has passed: read the meter, do what is due."""
        self.read_meter(now)
        self._buyer.serve_timers(now)

    def read_meter(self, now: float) -> None:
        """Read count, power and voltage."""
        self._read_at = now
        self._counter.read()
        self._appliance.read(now)

    def next_deadline(self) -> float | None:
        """Return when ``on_time`` is wanted next; None if nothing is awaited."""
        deadlines = [self._buyer.next_deadline()]
        if self._buyer.in_session:
            deadlines.append(round(self._read_at + READING_S, 6))
        return min((each for each in deadlines if each is not None), default=None)
