"""The live page: what a run does at this moment, told to browsers on this machine by a process of its own.

It reads the run folder only, so it cannot disturb the time of a test, and survives the end of the test process.
"""
