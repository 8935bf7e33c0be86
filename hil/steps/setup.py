"""What stands on the bench: device under test, appliance, budget, seeded defects."""

from __future__ import annotations

from hil.testing import (
    Cause,
    LoadProfile,
    Observer,
    Satoshi,
    ScenarioRun,
    Second,
    Watt,
    given,
    needs,
    not_while,
    once,
    sensible,
    switches_on,
    tells,
    when,
    within,
)
from hil.testing.feasibility import (
    LEAST_COIN_SAT,
    MOST_COINS,
    OTHER_SOCKET,
    PAIR,
    TOASTER_W,
    Course,
    RigFile,
    beyond_load,
    beyond_shape,
    cheats,
    demanded,
)

MOST_PAYMENTS = 65_535
"""In one session: payments are counted with 16 bits (SPEC, "OFFER")."""

BOOT_TIMEOUT_S = 120.0
"""Longest that any device of this kind may take to its first payment before a scenario gives up waiting."""

SESSION_TIMEOUT_S = 3600.0
"""Longest that a scenario waits for the end of a session."""


def _setup_offered(rig: RigFile, device: str, _: str) -> str:
    return _missing_setup(rig, f"{device} under test") or (_no_coins(rig) if device == "cable" else "")


def _pair_offered(rig: RigFile, _: str) -> str:
    return _missing_setup(rig, PAIR) or _no_coins(rig)


def _no_coins(rig: RigFile) -> str:
    if rig.coins_of_cable is not None:
        return ""
    return f"rig '{rig.options.name}' does not say where its cable's coins go: options.rig.devices.cable.coins_to"


def _other_coins(rig: RigFile, kind: str) -> str:
    """Return why the cable under test cannot be given coins of that type; one that the rig plays can be."""
    only = rig.coins_of_cable
    return f"the cable of rig '{rig.options.name}' takes coins of type {only} only" if only and only != kind else ""


def _missing_setup(rig: RigFile, setup: str) -> str:
    offered = rig.options.setups
    return "" if setup in offered else f"rig '{rig.options.name}' does not offer '{setup}', only {', '.join(offered)}"


def _toaster_there(rig: RigFile, _: Watt) -> str:
    return "" if "toaster" in rig.options.appliances else f"rig '{rig.options.name}' has no toaster"


def _other_toaster(power: Watt) -> str:
    return "" if power == TOASTER_W else f"the bench's toaster has {TOASTER_W:g} W, not {power:g} W; use the load"


def _view_offered(rig: RigFile, name: str) -> str:
    offered = rig.options.ledger_views
    return "" if name in offered else f"rig '{rig.options.name}' offers no view by '{name}', only {', '.join(offered)}"


@given("enheten {device} provas i läget {mode}")
@given("the {device} is under test in {mode} mode")
@needs(_setup_offered)
@tells(Course.under_test)
@once("which device is under test")
def device_under_test(device: str, mode: str, /, scenario: ScenarioRun) -> None:
    """Names the device under test; the rig plays the other side. The mode says how payments reach the ledger."""
    scenario.use_setup(f"{device} under test")
    scenario.plan.mode = mode


@given("socket and cable are a pair in {mode} mode")
@needs(_pair_offered)
@tells(Course.pair)
@once("which device is under test")
def pair(mode: str, /, scenario: ScenarioRun) -> None:
    """Both devices are real and both are under test; the rig listens in on their link."""
    scenario.use_setup(PAIR)
    scenario.plan.mode = mode


def _other_socket_offered(rig: RigFile) -> str:
    return _missing_setup(rig, OTHER_SOCKET)


@given("a socket of another kind is under test")
@needs(_other_socket_offered)
@tells(Course.other_socket)
@once("which device is under test")
def other_socket(scenario: ScenarioRun) -> None:
    """A device between mains and appliance that does not speak the payment protocol, such as a timer. The rig plays no
    cable; the steps of its laboratory say lines of text to it, and what it says is recorded.
    """
    scenario.use_setup(OTHER_SOCKET)


@given("a toaster of {power} is plugged into the cable")
@needs(_toaster_there)
@sensible(_other_toaster)
@tells(Course.toaster)
@once("the appliance")
def toaster(power: Watt, /, scenario: ScenarioRun) -> None:
    """The reference appliance: 1300 W when hot, more in the first second (PTC inrush)."""
    scenario.use_toaster()


def _profile_within_limits(rig: RigFile, profile: LoadProfile) -> str:
    most = rig.options.limits.power
    if "load" not in rig.options.appliances:
        return f"rig '{rig.options.name}' has no programmable load"
    if beyond := next(filter(None, (beyond_shape(rig, power, shape) for power, shape in profile.drawn)), ""):
        return beyond
    return "" if profile.highest <= most else f"rig '{rig.options.name}' allows {most:g} W, not {profile.highest:g} W"


@given("the load plays a/an {load_profile}")
@needs(_profile_within_limits)
@tells(Course.profile)
@once("the appliance")
def load_plays(profile: LoadProfile, /, scenario: ScenarioRun) -> None:
    """The programmable load behaves as this appliance from the moment the outlet has voltage: its power over time is in
    the load profile of that name.
    """
    scenario.use_profile(profile)


@given("lasten drar {power}")
@given("the load draws {power}")
@within(beyond_load)
@tells(Course.load)
@once("the appliance")
def load_draws(power: Watt, /, scenario: ScenarioRun) -> None:
    """The programmable load is the appliance; it draws constant power while the socket delivers."""
    scenario.use_load(power)


def _too_many_payments(payments: int) -> str:
    if 1 <= payments <= MOST_PAYMENTS:
        return ""
    return f"a session has 1 to {MOST_PAYMENTS} payments, not {payments}"


@given("kabeln betalar högst {int} gånger")
@given("the cable pays for at most {int} payments")
@sensible(_too_many_payments)
@tells(Course.budget)
@once("the cable's budget")
def budget(payments: int, /, scenario: ScenarioRun) -> None:
    """The cable's budget for one session; the socket asks for no more than that."""
    scenario.plan.max_payments = payments


def _dust(amount: Satoshi) -> str:
    if amount >= LEAST_COIN_SAT:
        return ""
    return f"a coin of {amount} sat is dust, which no node relays; at least {LEAST_COIN_SAT} sat"


@given("the cable's coins are worth {amount}")
@sensible(_dust)
@tells(Course.funds)
@once("what coins the cable has")
def funds(amount: Satoshi, /, scenario: ScenarioRun) -> None:
    """The cable gets one confirmed coin of this value before the scenario."""
    scenario.plan.funds_sat = int(amount)


def _too_many_coins(count: int, _: Satoshi) -> str:
    return "" if 1 <= count <= MOST_COINS else f"a cable declares 1 to {MOST_COINS} coins, not {count}"


def _dust_each(_: int, amount: Satoshi) -> str:
    return _dust(amount)


@given("the cable has {int} coins of {amount}")
@sensible(_too_many_coins)
@sensible(_dust_each)
@tells(Course.coins)
@once("what coins the cable has")
def coins(count: int, amount: Satoshi, /, scenario: ScenarioRun) -> None:
    """The cable gets this many confirmed coins, 1 to 16; its transactions spend all of them."""
    scenario.plan.funding_coins, scenario.plan.funds_sat = count, int(amount)


@given("the cable's coins are of type {coin_type}")
@needs(_other_coins)
@tells(Course.coin_type)
@once("the type of the cable's coins")
def coin_type(kind: str, /, scenario: ScenarioRun) -> None:
    """``P2WPKH`` (witness), ``P2PKH`` (legacy), or ``both kinds`` in turn, beginning with the first."""
    scenario.plan.funding_type = kind


@given("the counterpart has P2PKH addresses")
@tells(cheats.counterpart_there)
def counterpart_addresses(scenario: ScenarioRun) -> None:
    """The payee of a socket that the rig plays, or the change of a cable, is P2PKH instead of P2WPKH."""
    scenario.plan.counterpart_has_p2pkh = True


@given("the socket sees the ledger by {ledger_view}")
@needs(_view_offered)
@tells(Course.goes_on)
@once("how the socket sees the ledger")
def ledger_view(name: str, /, scenario: ScenarioRun) -> None:
    """``node``: a full node; ``spv``: an Electrum server, checked by headers and proofs; ``api``: no checks; or a view
    that a plug-in adds.
    """
    scenario.plan.ledger_view = name


@when("enheterna slås på")
@when("the devices are switched on")
@switches_on
@tells(Course.switch_on)
def switch_on(scenario: ScenarioRun) -> None:
    """Mains and the supplies of the devices under test are switched on; a counterpart begins to talk."""
    scenario.switch_on()


@when("the first payment has been accepted")
@tells(demanded.awaited)
@not_while(Cause.CABLE_OUT)
def first_payment(observer: Observer) -> None:
    """Waits for the receipt of the first payment."""
    observer.wait_for(
        lambda: observer.accepted_payments() >= 1, timeout=BOOT_TIMEOUT_S, what="the first accepted payment"
    )


@when("sessionen är slut")
@when("the session has ended")
@tells(demanded.awaited)
def session_ended(observer: Observer) -> None:
    """Waits for the socket to settle and close the session."""
    observer.wait_for(observer.session_closed, timeout=SESSION_TIMEOUT_S, what="the end of the session (CLOSE)")


@when("the {ordinal} {message} {way} has passed")
@tells(demanded.message)
@not_while(Cause.CABLE_OUT)
def message_passed(number: int, message: str, way: str, /, observer: Observer) -> None:
    """Waits for the rig to hear it, counted from the beginning; its receiver does not have it yet."""
    what = f"{message} number {number} {way}"
    observer.wait_for(lambda: observer.has_passed(message, way, number), timeout=SESSION_TIMEOUT_S, what=what)


@when("the power is off")
@tells(Course.awaits)
def power_is_off(observer: Observer) -> None:
    """Waits for the next reading without power."""
    observer.wait_for(
        lambda: observer.watch.power_w < observer.off_w,
        timeout=SESSION_TIMEOUT_S,
        what="power to end",
        on_readings=True,
    )


@when("{duration} have passed")
@tells(Course.passes)
def time_passes(duration: Second, /, observer: Observer) -> None:
    """Lets the bench run for this long."""
    observer.sleep(float(duration))
