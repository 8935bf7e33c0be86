"""The steps that feature files are written with, grouped by theme; each docstring is the step's documentation."""
