"""Reads the YAML file and the keys of the command line."""
import os

import yaml


def string_to_bool(text):
    if text.lower() == "true":
        return True
    if text.lower() == "false":
        return False
    raise ValueError(f"Can't convert {text} to bool")


_yaml_types_to_parser = {str: str, int: int, float: float, bool: string_to_bool}


class HyperParameters:
    """Attributes for all keys; they cannot be set."""

    def __init__(self, keys):
        object.__setattr__(self, "_keys", keys)

    def __getattr__(self, name):
        keys = object.__getattribute__(self, "_keys")
        if name not in keys:
            raise ValueError(f"Requested key {name}, not in config")
        return keys[name]

    def __setattr__(self, name, value):
        raise ValueError("Reinitialization is not allowed")

    def get_keys(self):
        return dict(self._keys)


def initialize(argv):
    """argv is [program, file, key=value, key=value, ...]"""
    with open(argv[1], "r", encoding="utf-8") as f:
        raw = yaml.safe_load(f)

    for pair in argv[2:]:
        if "=" not in pair:
            raise ValueError(f"Arguments have the form key=value, got {pair}")
        key, value = pair.split("=", 1)
        if key not in raw:
            raise ValueError(f"Key {key} was passed at the command line but isn't in config.")
        try:
            raw[key] = _yaml_types_to_parser[type(raw[key])](value)
        except ValueError as e:
            raise ValueError(f"Couldn't parse value from command line '{value}' for key {key}") from e

    for key in raw:
        if os.environ.get("M_" + key.upper()) is not None:
            raw[key] = _yaml_types_to_parser[type(raw[key])](os.environ["M_" + key.upper()])
    for key in sorted(raw):
        print(f"Config param {key}: {raw[key]}")
    return HyperParameters(raw)
