"""The files of a run folder: their names, how they are written, and the sums that protect them."""
