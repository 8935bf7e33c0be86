"""Parts that others add: found by entry point or by the table ``[tool.hil.plugins]``, loaded when they are used."""
