"""W&B sweep files, read as studies: parsed, converted with notes on the translation, and written as TOML."""

from hptui.storage.sweeps.convert import Sweep, convert
from hptui.storage.sweeps.toml import to_toml
from hptui.storage.sweeps.yamltext import parse_yaml

__all__ = ["Sweep", "convert", "parse_yaml", "to_toml"]
