"""Trials and configurations in the forms of other programs."""
