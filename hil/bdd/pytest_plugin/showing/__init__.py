"""What a person sees of a run while it is under way: the line on the terminal, and the live page.

PYTEST_DONT_REWRITE: the run's plugin imports this package before pytest loads it, which pytest would warn of.
"""
