"""What a scenario comes to, reckoned at the desk from the values of its steps: before anything is switched.

Each step tells the :class:`Course` what it does or demands, next to its definition::

    @given("the cable pays for at most {int} payments")
    @tells(Course.budget)

and what it tells may contradict what was told before: then the method returns why. With a rig file it may also be
beyond the rig. All figures are bounds that a sound scenario is never beyond: what cannot be reckoned is let pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.bdd.check.feasibility.coins import Purse
from hil.bdd.check.feasibility.terms import Agreement, is_reference
from hil.rig.check.capabilities import beyond_current
from hil.rig.config.rig_file import PAIR
from hil.scenario.plan import OTHER_CABLE, RESTARTED
from hil.units import Percent, Satoshi, Second, Watt, format_quantity

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile
    from hil.scenario.load_profiles import LoadProfile

TOASTER_W = 1300.0 / (1 - 0.3)
"""The most that the reference appliance draws: cold, with an inrush of 0.3."""

BEGINS_S = 1.0
"""Before that no session has begun: devices boot, and say HELLO once a second."""


@dataclass
class Course:
    """What the steps have told so far; each method is told by a step, and returns what is wrong, if anything is.

    :ivar rig: the bench that the scenario is held against; None: any.
    :ivar beyond: what the present step demands that the rig cannot do.
    :ivar doubt: asked when all steps have been told, returns why the rig might not decide what this step demands.
    """

    rig: RigFile | None = None
    beyond: str = ""
    doubt: Callable[[], str] | None = None
    device: str = ""
    """Under test: ``socket``, ``cable``, ``pair``; empty before it was said."""
    purse: Purse = field(default_factory=Purse)
    most_payments: int = 100
    """The cable's budget for one session."""
    demanded_wh: float = 0.0
    """The energy that a Then step demands; 0: none does."""
    abuse_answer_s: float = 0.0
    """Time in which an abuse of the catalogue is answered; 0: the counterpart carries out none."""
    abuse_loss: tuple[float, str] | None = None
    """What it may cost at most, in Wh or sat."""
    drawn_w: list[float] = field(default_factory=list)
    """The powers that appliances draw, as far as they are constant; of one that plays a profile its highest."""
    highest_w: float = 0.0
    """The most that any appliance of the scenario draws; 0: none was named, so it is the toaster."""
    load_w: float | None = None
    """What the programmable load draws now; None if there is none, or it plays a profile."""
    power_factor: float = 1.0
    """At which it draws."""
    plays: bool = False
    cheats: bool = False
    honest_at_first: bool = False
    on: bool = False
    waited_s: float = 0.0
    """Time that steps let pass since the devices were switched on."""
    awaited: int = 0
    """How many steps wait for something to happen."""
    watched: set[str] = field(default_factory=set)
    """Devices whose programs are watched."""
    no_protocol: bool = False
    """Whether the device under test does not speak the payment protocol."""
    disturbed: bool = False
    """Whether anything happened that may bring another session, or end this one early."""
    agreement: Agreement = field(default_factory=Agreement)
    foreign: bool = False
    """Whether a step of which nothing is known may have set terms of its own."""
    later: Callable[[], str] | None = None
    """Asked when all steps have been told, returns why this step cannot be true with a later one."""
    no_session: bool = False
    """Whether the cable was pulled out before a session can have begun, and is out."""
    session_wanted: bool = False
    """Whether a step waits for a session, or demands payments."""
    power_wanted: bool = False
    """Whether a step demands that power flowed."""
    unpowered: tuple[float, int] | None = None
    """Time and waits before a step that demands that no power flowed."""

    # --- set-up --------------------------------------------------------------------------------------------------

    def under_test(self, device: str, mode: str) -> str | None:
        """The device under test and the mode were named."""
        if self.no_protocol:
            return f"a socket of another kind is under test here already, so it cannot be the {device}'s turn too"
        if self.device and self.device != device:
            return f"the {setup_words(self.device)} here already, so it cannot be the {device}'s turn too"
        self.device, self.purse.mode = device, mode
        if self.rig is not None:
            under_test = ("socket", "cable") if device == PAIR else (device,)
            devices = self.rig.options.devices.by_role()
            profiles = {role: devices[role].profile for role in under_test if is_reference(self.rig, role)}
            self.purse.take_profile(profiles.get("socket", {}))
            self.agreement.take_profiles(profiles)
        return None

    def pair(self, mode: str) -> str | None:
        """Both devices are under test."""
        return self.under_test(PAIR, mode)

    def other_socket(self) -> str | None:
        """A socket that does not speak the payment protocol is under test."""
        if self.device:
            return f"the {setup_words(self.device)} here already"
        self.device, self.no_protocol = "socket", True
        return None

    def toaster(self, power: Watt) -> str | None:
        """The reference appliance is plugged in."""
        self.highest_w = max(self.highest_w, TOASTER_W)
        self.drawn_w.append(float(power))
        return None

    def inverter(self, _: Watt) -> None:
        """A solar inverter is plugged in: nothing is drawn."""
        self.disturbed = True

    def load(self, power: Watt, *shape: float) -> str | None:
        """The programmable load draws a constant power, in this shape if one is named."""
        self.load_w, self.highest_w = float(power), max(self.highest_w, float(power))
        self.drawn_w.append(float(power))
        if shape:
            self.power_factor = shape[0]
        if self.rig is not None and self.power_factor > 0:
            self.beyond = beyond_current(self.rig, power, power_factor=self.power_factor)
        return None

    def profile(self, profile: LoadProfile) -> str | None:
        """The programmable load plays an appliance."""
        self.load(profile.highest, profile.power_factor_at_most_current)
        self.plays = True
        return None

    def budget(self, payments: int) -> str | None:
        """The cable's budget for one session."""
        self.most_payments = payments
        return None

    def funds(self, amount: Satoshi) -> str | None:
        """What each of the cable's coins is worth."""
        self.purse.coin_sat = int(amount)
        return None

    def coins(self, count: int, amount: Satoshi) -> str | None:
        """How many coins it has, and what each is worth."""
        self.purse.coins, self.purse.coin_sat = count, int(amount)
        return None

    def coin_type(self, kind: str) -> str | None:
        """Which script its coins have."""
        self.purse.take_kind(kind)
        return None

    # --- what happens ----------------------------------------------------------------------------------------------

    def switch_on(self) -> str | None:
        """The devices are switched on."""
        self.on = True
        if not self.device:
            return "no step before says which device is under test, as 'Given the socket is under test in … mode'"
        return None

    def passes(self, duration: Second) -> str | None:
        """So much time passes."""
        if self.on:
            self.waited_s += float(duration)
        if self.rig is not None and self.waited_s > self.rig.options.limits.session:
            limit = format_quantity(self.rig.options.limits.session, "s")
            passed = format_quantity(self.waited_s, "s")
            self.beyond = f"rig '{self.rig.options.name}' ends a session after {limit}, and this step after {passed}"
        return None

    def interrupts(self, *values: object) -> str | None:
        """Something fails for the duration that is the last value of the step."""
        self.disturbed = True
        return self.passes(Second(float(str(values[-1]))))

    def awaits(self, *_: object) -> str | None:
        """Something of the payment protocol is waited for."""
        self.awaited += 1
        return "a socket of another kind knows no sessions and no payments" if self.no_protocol else None

    def unknown(self) -> None:
        """Nothing is known of a step: it may wait, and bring another session."""
        self.disturbed, self.awaited = True, self.awaited + 1

    def asks_operator(self, *_: object) -> None:
        """A person is asked, and takes time for the answer."""
        self.unknown()

    def goes_on(self, *_: object) -> None:
        """Nothing of it touches the session."""

    def load_changes(self, power: Watt, *shape: float) -> str | None:
        """The programmable load draws another power, in the same shape if none is named."""
        return self.needs_load() or self.load(power, *shape)

    def needs_load(self) -> str | None:
        """Something is done to the programmable load."""
        self.disturbed = True
        if self.plays:
            return "the load plays a profile in this scenario; only one that draws a constant power can be told so"
        if self.load_w is None:
            return "no step before says what the load draws, as 'Given the load draws 300 W'"
        return None

    def mains(self, share: Percent, duration: Second) -> str | None:
        """The mains have this share of their voltage for a while; a load of constant power draws more current."""
        self.disturbed = True
        self.passes(duration)
        if self.rig is not None and not self.beyond and self.load_w is not None and 0 < share < 100:
            power = Watt(self.highest_w if self.plays else self.load_w)
            self.beyond = beyond_current(self.rig, power, float(share), self.power_factor)
        return None

    def mains_fail(self, duration: Second) -> str | None:
        """The mains of the socket under test fail for a while."""
        self.interrupts(duration)
        if self.device == "cable":
            return "with the cable under test, K1 is the contact of the socket that the bench plays"
        return None

    def supply_fails(self, device: str, duration: Second) -> str | None:
        """The supply of a device under test fails for a while."""
        self.interrupts(duration)
        return self.must_be_under_test(device)

    def firmware_changes(self, device: str) -> str | None:
        """A device under test starts anew with another version of its program."""
        self.disturbed = True
        return self.must_be_under_test(device)

    def must_be_under_test(self, device: str, *_: object) -> str | None:
        """Something is said of a device under test."""
        if self.device in {"", PAIR, device}:
            return None
        return f"the {setup_words(self.device)}; the {device} is played by the bench"

    def sold_by_device(self, *_: object) -> str | None:
        """Something is said of the contact of a socket under test."""
        return self.must_be_under_test("socket")

    def watches(self, device: str) -> str | None:
        """The program of a device is watched from now on."""
        self.watched.add(device)
        return self.must_be_under_test(device)

    def has_watched(self, device: str, *_: object) -> str | None:
        """Something is said of a program that was watched."""
        if device in self.watched:
            return self.must_be_under_test(device)
        return f"no step before watches it, as 'When the program of the {device} is watched from now on'"

    def pulled(self) -> None:
        """The cable is pulled out of the socket."""
        self.disturbed, self.no_session = True, self.waited_s < BEGINS_S and not self.awaited

    def plugged_in(self) -> None:
        """The cable is plugged in again."""
        self.disturbed, self.no_session = True, False

    def another_cable(self) -> str | None:
        """Another cable, with coins of its own, takes the place of the one that the bench plays."""
        self.plugged_in()
        self.purse.cables += 1
        if self.device in {"", "socket"}:
            return None
        return f"the {setup_words(self.device)}; only a cable that the bench plays can be exchanged for another one"

    def comes_to(self, session: int, payment: int, life: str, rest: Second) -> str | None:
        """Sessions and payments pass, and the device is restarted, or its cable exchanged."""
        self.disturbed, self.awaited = True, self.awaited + 1
        if payment > self.most_payments:
            return f"the cable pays for at most {self.most_payments} payments, so there is no number {payment}"
        if life == OTHER_CABLE and (wrong := self.another_cable()) is not None:
            return wrong
        if life == RESTARTED and self.device == PAIR:
            return "the socket and the cable are a pair here, so 'a restart' does not say whose"
        return self.passes(rest)


def setup_words(device: str) -> str:
    """Return what is under test, in words that go on after 'the'."""
    return "socket and the cable are a pair" if device == PAIR else f"{device} is under test"
