"""Figures of a report: each a picture, its data as CSV beside it, and a caption that is computed."""
