"""A small stand-in for seqeval."""
