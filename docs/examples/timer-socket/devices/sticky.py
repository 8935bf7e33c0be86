"""A timer socket whose contact never opens: the laboratory must find it."""

import timer

timer.NEVER_OPENS = True
timer.run()
