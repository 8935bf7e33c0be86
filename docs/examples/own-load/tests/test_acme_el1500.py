"""The load's driver and its virtual twin, held against the transcript and against all that a load must do."""

from pathlib import Path

from hil.plugin_tests import LoadConformance, TranscriptConformance


class TestAcmeEl1500(LoadConformance, TranscriptConformance):
    dialect = "acme_el1500"
    transcript = Path(__file__).parents[1] / "instruments/acme_el1500.yaml"
