"""The part of yacs that is needed: a table that takes `KEY VALUE` pairs."""
from ast import literal_eval

import yaml


class CfgNode(dict):
    def __getattr__(self, name):
        if name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name, value):
        self[name] = value

    def merge_from_file(self, name):
        self._merge(yaml.safe_load(open(name)))

    def _merge(self, table):
        for key, value in table.items():
            if isinstance(value, dict):
                self[key]._merge(value)
            else:
                self[key] = value

    def merge_from_list(self, cfg_list):
        assert len(cfg_list) % 2 == 0
        for full_key, v in zip(cfg_list[0::2], cfg_list[1::2]):
            d = self
            *parts, subkey = full_key.split(".")
            for part in parts:
                d = d[part]
            assert subkey in d, "Non-existent key: {}".format(full_key)
            try:
                v = literal_eval(v)
            except (ValueError, SyntaxError):
                pass
            d[subkey] = v
