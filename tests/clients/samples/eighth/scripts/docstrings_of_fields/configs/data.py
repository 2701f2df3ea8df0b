from dataclasses import dataclass


@dataclass
class DataConfig:
    sequence_length: int = 128
    """Length of one window."""

    noise: float = 0.0
    """Standard deviation of the noise that is added."""
