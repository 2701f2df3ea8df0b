"""Carry out: the runner of a study, and the processes below it."""
