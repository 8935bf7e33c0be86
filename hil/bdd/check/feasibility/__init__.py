"""Whether what a scenario asks for can work: energy, coins, payments and time, with each other and on the rig."""
