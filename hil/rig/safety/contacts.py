"""How fast contacts are: a figure that is needed where labgrid, which takes long to load, is not."""

from typing import Final

CONTACT_S: Final = 0.05
"""From a coil's read-back to its open contact: contactors release within 5 to 20 ms, with a suppressor diode 50 ms."""
