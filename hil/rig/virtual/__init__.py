"""The rig's side of the virtual bench: starts its program, asks it, passes time in lockstep with it."""
