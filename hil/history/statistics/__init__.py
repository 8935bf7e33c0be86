"""Statistics of a process: control limits, rules, capability, yield. Each number names its source."""
