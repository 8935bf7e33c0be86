"""What a rig file says of the current transformer before the lab meter."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from hil import yaml_file
from hil.errors import HilError
from hil.instruments.current_transformer import CLASSES, CurrentTransformer, Limit
from hil.rig.config.values import Current
from hil.units import format_quantity
from hil.yaml_file import Strict, plain

KEY = "current_transformer"
HIGHEST_RATIO = 9999.0
"""The WT310E takes ratios from 0.001 to 9999 (IM WT310E-01EN, "Scaling")."""


Class = Literal["0.1", "0.2", "0.2S", "0.5", "0.5S", "1"]


def _as_text(value: object) -> object:
    """Return a class as it is written: YAML reads ``0.5`` as a number."""
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, int | float) else value


class TransformerFacts(Strict):
    """A current transformer between the circuit and the meter's current input.

    Its errors are limited by ``accuracy_class``, or by ``ratio_error`` and ``displacement`` of its certificate.
    """

    ratio: float = Field(ge=1, le=HIGHEST_RATIO)
    """Primary over secondary current: 10 for 50 A/5 A."""
    rated: Current = Field(gt=0)
    """Rated primary current."""
    accuracy_class: Annotated[Literal["0.1", "0.2", "0.2S", "0.5", "0.5S", "1"], BeforeValidator(_as_text)] | None = (
        None
    )
    """Measuring class by IEC 61869-2, with the burden that it is stated for."""
    ratio_error: float | None = Field(default=None, gt=0, lt=10)
    """Largest ratio error in percent from 5 % to 120 % of the rated current, with U."""
    displacement: float | None = Field(default=None, gt=0, lt=600)
    """Largest phase displacement in minutes of arc, likewise."""
    serial: str = ""
    """Its serial number."""
    certificate: str = ""
    """Number of its certificate."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        stated = self.ratio_error is not None, self.displacement is not None
        if (self.accuracy_class is None and not all(stated)) or (self.accuracy_class is not None and any(stated)):
            raise ValueError("state accuracy_class, or ratio_error and displacement of its certificate")
        return self

    def transformer(self) -> CurrentTransformer:
        """Return it as the meter's readings and budgets reckon with it."""
        if self.accuracy_class is not None:
            limits, source = CLASSES[self.accuracy_class], f"IEC 61869-2, class {self.accuracy_class}"
        else:
            limits = (Limit(0.05, self.ratio_error or math.inf, self.displacement or math.inf),)
            source = f"certificate {self.certificate}" if self.certificate else "the rig file"
        return CurrentTransformer(self.ratio, self.rated, limits, f"{source}, {self.size}")

    @property
    def size(self) -> str:
        """Its rated currents, ``50 A/5 A``."""
        return f"{format_quantity(self.rated, 'A')}/{format_quantity(self.rated / self.ratio, 'A')}"

    def __str__(self) -> str:
        """Return it as the report prints it."""
        errors = (
            f"class {self.accuracy_class} (IEC 61869-2)"
            if self.accuracy_class is not None
            else f"ratio error {self.ratio_error:g} %, phase displacement {self.displacement:g} min"
        )
        parts = [f"current transformer {self.size}", errors]
        parts += [f"serial {self.serial}"] if self.serial else []
        parts += [f"certificate {self.certificate}"] if self.certificate else []
        return ", ".join(parts)


def stated_transformer(path: Path) -> CurrentTransformer | None:
    """Return the transformer of a rig file and read nothing else of it; None if none can be read.

    For the safe state, which rests on as little as it can.
    """
    try:
        found: Any = plain(yaml_file.parse(path.read_text(encoding="utf-8"), str(path)))
        for key in ("options", "rig", "instruments", "meter", KEY):
            found = found[key]
        return TransformerFacts.model_validate(found).transformer()
    except (OSError, ValueError, KeyError, TypeError, ValidationError, HilError):
        return None
