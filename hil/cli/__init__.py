"""The command ``hil``: one module a group of sub-commands."""
