"""A small stand-in: models that are fitted by arithmetic."""
