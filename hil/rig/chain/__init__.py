"""The rig's access to the ledger: the node, and the views that devices have of it."""
