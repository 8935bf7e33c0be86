"""``hil rig check``: every part of the bench is looked at before it is used."""
