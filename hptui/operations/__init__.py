"""The operations that all front ends call: each key of the TUI and each verb of the CLI is one of these functions."""
