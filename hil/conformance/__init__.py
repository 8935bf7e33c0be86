"""What every part of a bench must do, one suite for each port: the same checks for virtual and real parts.

Written against :mod:`hil.ports` only. A check that a part cannot pass is a finding, never an exception, so that one run
lists all differences. ``hil rig check RIG --conformance`` runs all suites against the parts of a rig.
"""
