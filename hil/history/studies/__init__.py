"""Sessions of ``hil rig study`` in the history: days and operators of a rig come together there."""
