"""Statistics of recorded trials: pure functions that return values with their uncertainty, and no sentences."""
