"""Commands about runs: report, comparison, history, trend, live page."""
