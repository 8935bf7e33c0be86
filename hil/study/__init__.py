"""Measurement system analysis: how well a rig measures, by repeated measurements of an appliance that is known."""
