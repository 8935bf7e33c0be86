"""How the rig drives the virtual bench: one connection, on which time passes and questions are asked."""
