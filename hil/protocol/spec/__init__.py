"""Writes into SPEC.md what the code knows: tables and diagrams."""
