"""Charts as terminal cells: series, layout, raster and plots. Pure functions; no Textual in here."""
