"""Executors whose attempts run on other machines, and the relay that serves them there."""
