"""Who stands opposite the device under test, and what the device itself is given, for each set-up."""
