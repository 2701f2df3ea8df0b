"""W&B sweep files, read as studies: parsed, converted with notes on the translation, and written as TOML."""

from hptui.studyfile.wandb.convert import Sweep, convert
from hptui.studyfile.wandb.text import parse_yaml, to_toml

__all__ = ["Sweep", "convert", "parse_yaml", "to_toml"]
