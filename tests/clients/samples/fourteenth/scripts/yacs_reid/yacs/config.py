"""A small stand-in for yacs: nested settings with merge_from_file and merge_from_list."""
import ast

import yaml


class CfgNode(dict):
    def __getattr__(self, name):
        if name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name, value):
        self[name] = value

    def _cast(self, key, value):
        if isinstance(value, str):
            try:
                value = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                pass
        old = self[key]
        if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(old, tuple) and isinstance(value, list):
            value = tuple(value)
        if type(old) is not type(value):
            raise ValueError(f"Type mismatch ({type(old)} vs. {type(value)}) for config key: {key}")
        return value

    def _merge(self, values, path=""):
        for key, value in values.items():
            if key not in self:
                raise KeyError(f"Non-existent config key: {path}{key}")
            if isinstance(self[key], CfgNode):
                self[key]._merge(value, f"{path}{key}.")
            else:
                self[key] = self._cast(key, value)

    def merge_from_file(self, path):
        with open(path) as f:
            self._merge(yaml.safe_load(f))

    def merge_from_list(self, items):
        assert len(items) % 2 == 0, "Override list has odd length"
        for key, value in zip(items[0::2], items[1::2]):
            node = self
            *parents, last = key.split(".")
            for parent in parents:
                node = node[parent]
            node[last] = node._cast(last, value)

    def freeze(self):
        pass

    def _plain(self):
        return {k: v._plain() if isinstance(v, CfgNode) else list(v) if isinstance(v, tuple) else v for k, v in self.items()}

    def __str__(self):
        return yaml.safe_dump(self._plain())
