"""The Python API: start a study from a script or a notebook, resume one, read what is recorded."""
