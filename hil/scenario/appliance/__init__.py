"""The appliance behind the cable, as the programmable load plays it."""
