"""What recorded trials say, with its uncertainty: pure functions over them, which make no sentences."""
