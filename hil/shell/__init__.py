"""``hil shell``: a prompt at a rig, where steps are typed one by one.

From the bottom: ``completion`` (what can be typed next), ``transcript`` (what was typed, as a feature file),
``prompt`` (a terminal, or lines from a pipe), ``interrupt`` (Ctrl-C between two turns of the bench), ``commands``,
``session`` (the conversation), ``plugin`` (the same as a run of pytest, with the evidence and the reports of a run).
"""
