"""A small character-level transformer language model, trained from scratch on real text."""
