"""Attempts on this machine: slots on devices, the warm launcher, the shim, and usage of processes and GPUs."""
