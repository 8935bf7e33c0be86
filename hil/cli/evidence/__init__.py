"""``hil evidence``, ``hil sign``, ``hil verify`` and ``hil keygen``."""
