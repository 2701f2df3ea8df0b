"""hptui from Python: a script or a notebook starts a study, goes on with one, and reads what is recorded."""
