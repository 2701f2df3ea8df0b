"""A module beside the script."""
