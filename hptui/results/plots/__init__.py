"""Plots of a report: each an image, its data as CSV, and a computed caption."""
