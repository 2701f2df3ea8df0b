"""Carry a study out: the runner, what it decides, and the executors that run its attempts."""
