"""The study directory: `study.db`, run directories, the command queue."""
