"""The features here are wrong on purpose: test_traps.py looks at them, nobody runs them."""

from __future__ import annotations

collect_ignore_glob = ["*.feature"]
