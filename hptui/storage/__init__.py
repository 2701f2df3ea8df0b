"""Where it is kept: study files, the store, run directories."""
