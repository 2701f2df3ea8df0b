"""The ways in which metrics come out of a script, and what to believe where they disagree."""
