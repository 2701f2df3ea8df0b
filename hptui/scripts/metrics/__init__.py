"""Reads metrics out of a running script, and chooses a source where several report the same metric."""
