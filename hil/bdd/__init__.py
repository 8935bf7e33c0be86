"""Gherkin: feature files are read, checked before anything is switched, and run through pytest-bdd.

From the bottom: ``document`` and ``reader`` (what a file says), ``expressions`` and ``catalogue`` (what steps mean),
``naming`` (what a scenario is called), ``typos``, ``resolution`` and ``preflight`` (what is wrong),
``pytest_internals`` (all that pytest and pytest-bdd do not promise), ``execution`` (runs the steps), ``collection``
(the pytest plugin).
"""
