"""hptui: a terminal cockpit that tunes hyperparameters on the box you are logged in to."""

__version__ = "0.1.0"
