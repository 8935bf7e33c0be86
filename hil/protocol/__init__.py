"""The payment protocol between a smart cable (buyer) and a smart socket (seller); SPEC.md specifies it."""
