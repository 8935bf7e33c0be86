"""Commands about runs that have ended: report, comparison, history, trend."""
