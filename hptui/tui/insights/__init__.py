"""Plots of a whole study, drawn with characters, each with its numbers.

Pure functions: a screen only shows them.
"""
