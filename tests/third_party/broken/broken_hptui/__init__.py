"""A package that cannot be imported."""

raise RuntimeError("the flux compensator is missing")
