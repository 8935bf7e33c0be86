"""What ``hil check`` and the check before each run find at the desk, before anything is switched on."""
