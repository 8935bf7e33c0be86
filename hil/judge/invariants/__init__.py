"""What must hold of every session, whatever a scenario asks: judged by what was recorded of it (docs/judge.md)."""
