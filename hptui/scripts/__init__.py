"""Any training script, unmodified, as a trainer: parameters in, metrics out, its exit classified."""
