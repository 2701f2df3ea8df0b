"""Curves as cells: series, scales, and the raster. Pure; no Textual in here."""
