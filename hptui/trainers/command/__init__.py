"""A user's own script as a trainer: parameters in, metrics out, its exit classified; the script is not changed."""
