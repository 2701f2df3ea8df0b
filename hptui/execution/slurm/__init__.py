"""The executor that runs every attempt as a job of a Slurm cluster."""
