"""Appliances that the programmable load plays: power over time, a file ``NAME.yaml`` for each.

A laboratory keeps its own in the folder ``profiles`` of its ``[tool.hil]``; the framework's are in ``profiles/`` beside
this module. Of two with one name the laboratory's counts.

A file says what it stands for and where its numbers come from, then the steps from the instant at which the outlet has
voltage; the last one holds, or all begin anew with ``repeat``::

    description: A motor of 300 W ...
    steps:
      - {power: 700 W, power_factor: 0.5, for: 400 ms}
      - {power: 300 W, power_factor: 0.8}

``power_factor`` and ``crest_factor`` of a step are those of a resistance if they are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from hil import yaml_file
from hil.errors import AuthorError, nearest
from hil.evidence.documents import Kind
from hil.evidence.event_intervals import DEAD_V
from hil.rig.config.project import look_for_project
from hil.rig.config.values import Duration, Power
from hil.scenario.appliance.load_drawing import draw, told
from hil.units import RESISTIVE, CurrentShape, Watt
from hil.yaml_file import Strict

if TYPE_CHECKING:
    from hil.clock import Clock, Timer
    from hil.ports import Load, Reading
    from hil.rig.recorder import Recorder

SHIPPED = Path(__file__).parent / "profiles"
"""Folder of the profiles that come with the framework."""


class ProfileStep(Strict):
    """``power`` in W for so many seconds; None: until the outlet is dead."""

    power: Annotated[Power, Field(ge=0)]
    duration: Annotated[Duration, Field(gt=0)] | None = Field(default=None, alias="for")
    power_factor: Annotated[float, Field(gt=0, le=1)] = RESISTIVE.power_factor
    crest_factor: Annotated[float, Field(ge=1.41, le=10)] = RESISTIVE.crest_factor

    @property
    def shape(self) -> CurrentShape:
        """The shape of its current."""
        return CurrentShape(self.power_factor, self.crest_factor)


class LoadProfile(Strict):
    """See the module's docstring."""

    description: str = Field(min_length=1)
    steps: tuple[ProfileStep, ...] = Field(min_length=1)
    repeat: bool = False

    @model_validator(mode="after")
    def _goes_on(self) -> LoadProfile:
        if any(step.duration is None for step in self.steps[:-1]):
            raise ValueError("each step but the last needs 'for'")
        if self.repeat is (self.steps[-1].duration is None):
            raise ValueError("the last step needs 'for' if the steps repeat, and must not have it if they do not")
        return self

    @property
    def highest(self) -> Watt:
        """The most power that it draws."""
        return Watt(max(step.power for step in self.steps))

    @property
    def drawn(self) -> list[tuple[Watt, CurrentShape]]:
        """What it draws, step by step."""
        return [(Watt(step.power), step.shape) for step in self.steps]

    @property
    def power_factor_at_most_current(self) -> float:
        """What its highest power has to be divided by for the most apparent power that it draws."""
        apparent = max(step.power / step.power_factor for step in self.steps)
        return self.highest / apparent if apparent else 1.0


def profile_names() -> list[str]:
    """Return the names of the profiles, the laboratory's and the framework's."""
    return sorted({file.stem for folder in _folders() for file in folder.glob("*.yaml")})


def read_profile(name: str) -> LoadProfile:
    """Return the profile of that name.

    Raises AuthorError if there is none, ConfigurationError that lists every mistake in it with its place.
    """
    folders = _folders()
    path = next((path for folder in folders if (path := folder / f"{name}.yaml").is_file()), None)
    if path is None:
        remedy = f"A new one is a file in {folders[0]}."
        raise AuthorError(f"'{name}' is no load profile{nearest(name, profile_names())}", remedy=remedy)
    return yaml_file.read(LoadProfile, path, remedy="Mend the load profile.")


def _folders() -> tuple[Path, ...]:
    """Return where profiles are looked for, in this order."""
    project = look_for_project(Path.cwd())
    return (SHIPPED,) if project is None else (project.profiles, SHIPPED)


class LoadPlayer:
    """Plays a profile on the load while the outlet has voltage; after a gap it begins anew, as an appliance does.

    The load stands at the first step before voltage comes, so an inrush begins with it to the microsecond; how long the
    first step lasts is known only as well as the meter tells when voltage came: 0.1 to 0.2 s too long at ten readings a
    second.
    """

    def __init__(self, profile: LoadProfile, load: Load, clock: Clock, recorder: Recorder) -> None:
        self._profile = profile
        self._load = load
        self._clock = clock
        self._recorder = recorder
        self._live = False
        self._timer: Timer | None = None
        self._drawn: tuple[float, CurrentShape] | None = None

    def start(self) -> None:
        """Stand at the first step and wait for voltage."""
        self._draw(self._profile.steps[0])

    def on_reading(self, reading: Reading) -> None:
        """Follow the lab meter; called with each of its readings."""
        live = reading.voltage >= DEAD_V
        if live is self._live:
            return
        self._live = live
        self.stop()
        self._go_to(0, self._clock.now()) if live else self.start()

    def stop(self) -> None:
        """Change nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_to(self, number: int, due: float) -> None:
        step = self._profile.steps[number]
        self._draw(step)
        if step.duration is not None:
            following, then = (number + 1) % len(self._profile.steps), due + step.duration
            self._timer = self._clock.call_at(then, lambda: self._go_to(following, then))

    def _draw(self, step: ProfileStep) -> None:
        power, shape = Watt(step.power), step.shape
        if (power, shape) == self._drawn:
            return
        draw(self._load, power, shape, RESISTIVE if self._drawn is None else self._drawn[1])
        self._drawn = power, shape
        self._recorder.observe(Kind.LOAD, "load", told(power, shape))
