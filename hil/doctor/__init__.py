"""``hil doctor``: what this machine, this folder and a rig's surroundings lack; one module for each theme."""
