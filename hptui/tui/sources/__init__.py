"""The sources that the feed polls: each reads one thing, and returns a snapshot when it has changed.

Without Textual.
"""
