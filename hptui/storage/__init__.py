"""Persistent state: study files, the store of a study, run directories of attempts."""
