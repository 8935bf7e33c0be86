"""One run on several virtual benches: the process of the run deals items out, one process a bench runs them.

PYTEST_DONT_REWRITE: the run's plugin imports this package before pytest loads it, which pytest would warn of.
"""
