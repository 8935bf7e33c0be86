"""The firmware of the reference cable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.devices.defects import address_index_of, request_check_of, session_fit_of
from hil.devices.firmware.base import Firmware
from hil.endpoints.cable import CableEndpoint
from hil.errors import ConfigurationError
from hil.protocol.cable.machine import CableMachine
from hil.protocol.payment.account import CHANGE, RECEIVE
from hil.protocol.policy import Policy
from hil.protocol.records import CableRecord

if TYPE_CHECKING:
    from hil.devices.board import Board
    from hil.devices.profiles import CableProfile

CHANGE_KEYS = 500
"""Power-ons, each with a change address of its own, after which change is no longer looked for; 50 ms of deriving."""

FUNDING_KEYS = 4
"""How many receiving keys a cable holds ready for the coins it is given."""


class CableProgram(Firmware):
    """The reference cable."""

    def __init__(self, profile: CableProfile, board: Board) -> None:
        super().__init__("cable", profile, board)
        self._limits = profile.limits()
        self._defects = profile.defects
        self._coins = [coin.coin() for coin in profile.coins]
        keys = [self._account.key(RECEIVE, index) for index in range(FUNDING_KEYS)]
        self._keys = {script: key for key in keys for script in (key.p2wpkh_script, key.p2pkh_script)}
        for index, coin in enumerate(self._coins):
            if coin.script not in self._keys:
                raise ConfigurationError(
                    f"coins.{index}.script: {coin.script.hex()} is not one of the first {FUNDING_KEYS} of its account",
                    place="profile of the cable",
                )

    def _start(self, now: float) -> CableEndpoint:
        board, journal = self._board, self._journal
        left = journal.open_session()
        # change of earlier runs may be what is left to spend
        newest = address_index_of(journal.take_address_index, self._defects)
        changes = [self._account.key(CHANGE, index) for index in range(max(0, newest - CHANGE_KEYS), newest + 1)]
        machine = CableMachine(
            self._limits,
            Policy(),
            self._coins,
            self._keys | {key.p2wpkh_script: key for key in changes},
            changes[-1].p2wpkh_script,
            lambda: board.entropy(8),
            check_request=request_check_of(self._defects),
            fits_session=session_fit_of(self._defects),
        )
        kept = journal.coins() or []
        # coins that were given since come first: they were given for want of what is kept
        candidates = [tuple(self._coins), *kept] if journal.take_given(tuple(self._coins)) else kept
        machine.restore(candidates, left if isinstance(left, CableRecord) else None)
        return CableEndpoint(
            machine,
            write=board.link.write,
            energy_wh=self._counted.energy,
            power_w=board.meter.power,
            live=board.meter.live,
            journal=self._journal,
            hooks=self._hooks(),
        )
