"""Exports of trials and configurations in the formats of other programs."""
