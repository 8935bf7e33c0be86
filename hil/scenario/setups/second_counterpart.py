"""The counterpart as the second implementation plays it (``--counterpart second``); it shares no code with the devices.

It speaks bytes: a cheat, which changes messages, stands between it and the line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from hil.errors import RigFault
from hil.links.abuses.model import Cheat
from hil.protocol.payment.coins import OutPoint
from hil.protocol.wire.framing import FrameDecoder, encode_frame
from hil.protocol.wire.messages import decode_message, encode_message
from hil.second.cable import Cable
from hil.second.codes import Mode
from hil.second.coins import Coin
from hil.second.socket import LedgerSilent, Output, Socket
from hil.second.terms import Limits, Terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.ports import LedgerView
    from hil.protocol.payment.coins import Coin as OwnCoin
    from hil.protocol.payment.signing import Key
    from hil.scenario.setups.common import SetupContext

T = TypeVar("T")


def second_cable(
    context: SetupContext,
    write: Callable[[bytes], None],
    *,
    coins: Sequence[OwnCoin],
    keys: Mapping[bytes, Key],
    change_script: bytes,
    session_id: Callable[[], bytes],
    live: Callable[[], bool],
    abuse: Cheat | None,
) -> Cable:
    """Return the cable; parameters as of :class:`hil.endpoints.cable.CableEndpoint` and its machine."""
    plan = context.plan
    return Cable(
        coins=[Coin(coin.outpoint.txid, coin.outpoint.index, int(coin.value), coin.script) for coin in coins],
        keys={script: key.secret for script, key in keys.items()},
        change_script=change_script,
        session_id=session_id,
        write=_through(abuse, write),
        energy_wh=lambda: context.meter.energy(most=True),
        power_w=context.meter.power,
        live=live,
        limits=Limits(**_known(Limits, plan.limits)),
        max_payments=plan.max_payments,
    )


def second_socket(
    context: SetupContext,
    write: Callable[[bytes], None],
    *,
    new_payee: Callable[[], bytes],
    set_contact: Callable[[bool], None],
    metering_s: float,
    abuse: Cheat | None,
) -> Socket:
    """Return the socket; parameters as of :class:`hil.endpoints.socket.SocketEndpoint` and its machine."""
    plan = context.plan
    mode = Mode[plan.mode.upper().replace("-", "_")]
    return Socket(
        terms=Terms(mode=mode, **_known(Terms, plan.terms)),
        new_payee=new_payee,
        write=_through(abuse, write),
        set_contact=set_contact,
        energy_wh=lambda: context.meter.energy(most=False),
        power_w=context.meter.power,
        ledger=_Ledger(context.rig.ledger_view),
        metering_s=metering_s,
    )


def _known(of: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scenario sets, by the names of SPEC; both implementations have these."""
    names = {field.name for field in fields(of)}
    return {name: values[name] for name in values if name in names}


def _through(abuse: Cheat | None, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return what takes the bytes of a whole frame, and writes what a cheat sends in its place."""
    if abuse is None:
        return write

    def cheat(frame: bytes) -> None:
        for payload in FrameDecoder().feed(frame):
            if not isinstance(payload, bytes):
                raise AssertionError(f"the counterpart wrote no whole frame: {payload}")
            honest = decode_message(payload)
            for message in abuse.before_sending(honest):
                write(frame if message is honest else encode_frame(encode_message(message)))

    return cheat


class _Ledger:
    """Implements :class:`hil.second.socket.Ledger` by the rig's view."""

    def __init__(self, view: LedgerView) -> None:
        self._view = view

    def coin(self, txid: str, index: int) -> Output | None:
        status = _asked(lambda: self._view.coin(OutPoint(txid, index)))
        return None if status is None else Output(int(status.value), status.script, status.confirmations)

    def accepts(self, raw: bytes) -> str | None:
        answer = _asked(lambda: self._view.accepts(raw))
        return None if answer.allowed else answer.reason

    def broadcast(self, raw: bytes) -> str | None:
        answer = _asked(lambda: self._view.broadcast(raw))
        return None if answer.allowed else answer.reason

    def conflict(self, raw: bytes) -> str | None:
        return _asked(lambda: self._view.conflict(raw))


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except RigFault as fault:
        raise LedgerSilent(fault.what) from fault
