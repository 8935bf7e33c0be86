"""The pytest plugin: scenarios are collected, run on one bench or several, and told on the terminal."""
