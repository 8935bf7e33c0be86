"""The rules on how sessions end, why, and what follows."""
