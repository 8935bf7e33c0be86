"""Digital Calibration Certificates (PTB's DCC): read, held against their signature, and reckoned with."""
