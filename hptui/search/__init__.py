"""Engines, which propose trials, and pruners, which stop them early: both are functions of the recorded history."""
