"""The rig on the wall clock: when bytes arrived, and the bounds of each stamp."""
