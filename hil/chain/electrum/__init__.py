"""An Electrum server over a node of the bench, and its client."""
