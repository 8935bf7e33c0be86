"""Who may operate an instrument: its keys, or a controller (the remote/local function of IEEE 488.1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FrontPanel:
    """The state of the keys. A virtual bench has none to press, but a query or a picture of the display tells it."""

    remote: bool = False
    """Whether a controller operates the instrument; the key LOCAL, and no other, takes that back."""
    locked: bool = False
    """Whether LOCAL is locked too (local lockout)."""

    def go_to_local(self) -> None:
        """GTL: the keys operate again; here each instrument is alone, so its lockout is lifted too."""
        self.remote = self.locked = False

    def go_to_remote(self, *, locked: bool = False) -> None:
        """REN, and LLO if ``locked``."""
        self.remote = True
        self.locked = self.locked or locked
