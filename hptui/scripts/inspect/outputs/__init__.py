"""What a script measures: metrics that it prints, logs and writes, by the names that readers find."""
