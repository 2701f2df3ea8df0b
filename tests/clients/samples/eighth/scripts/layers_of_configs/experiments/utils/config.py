import copy

import yaml


class Config:
    """Attribute access to a table of settings."""

    def __init__(self, table):
        self._table = table

    def __getattr__(self, name):
        value = self._table[name]
        return Config(value) if isinstance(value, dict) else value

    def get(self, name, default=None):
        value = self._table.get(name, default)
        return Config(value) if isinstance(value, dict) else value


def load_config(path):
    with open(path) as f:
        return yaml.safe_load(f) or {}


def merge_configs(configs):
    merged = {}
    for config in configs:
        _merge(merged, copy.deepcopy(config))
    return merged


def _merge(base, other):
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def parse_cli_overrides(words):
    overrides = {}
    for word in words:
        if not word.startswith("--") or "=" not in word:
            raise ValueError(f"Unknown argument: {word}")
        key, value = word[2:].split("=", 1)
        node = overrides
        *parents, leaf = key.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = _parse_value(value)
    return overrides


def _parse_value(value):
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value.lower() in ("none", "null"):
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
