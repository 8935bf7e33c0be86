"""How features are read and checked at the desk, before anything is switched."""
