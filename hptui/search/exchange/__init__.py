"""Trials exchanged with other search programs. These are copies: the store stays authoritative."""
