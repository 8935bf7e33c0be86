"""What VISA needs beyond pyvisa: a shared backend, and serial lines and raw sockets that wait no longer than told."""
