"""A small stand-in for torch."""
