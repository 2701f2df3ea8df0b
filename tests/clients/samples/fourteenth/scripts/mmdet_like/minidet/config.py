"""Config files in Python with inheritance, in the manner of mmcv."""
import argparse
import ast
import os
import pprint


class DictAction(argparse.Action):
    """Split key=value pairs and collect them in a dictionary."""

    @staticmethod
    def _value(text):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return {"true": True, "false": False, "none": None}.get(text.lower(), text)

    def __call__(self, parser, namespace, values, option_string=None):
        options = dict(getattr(namespace, self.dest) or {})
        for pair in values:
            key, value = pair.split("=", maxsplit=1)
            options[key] = self._value(value)
        setattr(namespace, self.dest, options)


class ConfigDict(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _wrap(value):
    if isinstance(value, dict):
        return ConfigDict({k: _wrap(v) for k, v in value.items()})
    return value


def _merge(base, top):
    for key, value in top.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value
    return base


def _load(path):
    scope = {}
    with open(path) as f:
        exec(compile(f.read(), path, "exec"), scope)
    values = {k: v for k, v in scope.items() if not k.startswith("__")}
    bases = values.pop("_base_", [])
    merged = {}
    for base in bases if isinstance(bases, list) else [bases]:
        _merge(merged, _load(os.path.join(os.path.dirname(path), base)))
    return _merge(merged, values)


class Config:
    def __init__(self, values, filename):
        self.__dict__["_cfg"], self.__dict__["filename"] = values, filename

    @staticmethod
    def fromfile(path):
        return Config(_load(path), path)

    def merge_from_dict(self, options):
        for key, value in options.items():
            node = self._cfg
            *parents, last = key.split(".")
            for parent in parents:
                node = node.setdefault(parent, {})
            node[last] = value

    def __getattr__(self, name):
        try:
            return _wrap(self._cfg[name])
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self._cfg[name] = value

    def get(self, name, default=None):
        return _wrap(self._cfg.get(name, default))

    @property
    def pretty_text(self):
        return "\n".join(f"{k} = {pprint.pformat(v)}" for k, v in self._cfg.items())
