"""Trials to and from other search programs. Copies: the store stays the truth."""
