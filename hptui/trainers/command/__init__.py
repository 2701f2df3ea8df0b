"""A user's own script as a trainer: parameters in, metrics out, its end judged; not a line of the script changes."""
