"""Whole sessions in memory between an honest and a misbehaving device, and the invariants that must hold."""
