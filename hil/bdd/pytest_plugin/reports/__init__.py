"""What a run leaves to read: the reports in its folder, the last lines on the terminal, the file of ``--junitxml``.

PYTEST_DONT_REWRITE: the run's plugin imports this package before pytest loads it, which pytest would warn of.
"""
