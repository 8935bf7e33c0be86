"""How instruments are reached on a network by VISA's INSTR resources: VXI-11 with its portmapper, and HiSLIP."""
