"""Random campaigns: bytes for the decoders, and whole sessions in which one side cheats."""
