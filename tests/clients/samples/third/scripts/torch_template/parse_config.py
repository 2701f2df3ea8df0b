import json
from functools import reduce
from operator import getitem
from pathlib import Path


class ConfigParser:
    def __init__(self, config, modification=None):
        self._config = _update_config(config, modification)

    @classmethod
    def from_args(cls, args, options=''):
        for opt in options:
            args.add_argument(*opt.flags, default=None, type=opt.type)
        if not isinstance(args, tuple):
            args = args.parse_args()
        config = json.loads(Path(args.config).read_text())
        modification = {opt.target: getattr(args, _get_opt_name(opt.flags)) for opt in options}
        return cls(config, modification)

    def __getitem__(self, name):
        return self._config[name]


def _update_config(config, modification):
    if modification is None:
        return config
    for k, v in modification.items():
        if v is not None:
            _set_by_path(config, k, v)
    return config


def _get_opt_name(flags):
    for flg in flags:
        if flg.startswith('--'):
            return flg.replace('--', '')
    return flags[0].replace('--', '')


def _set_by_path(tree, keys, value):
    keys = keys.split(';')
    reduce(getitem, keys[:-1], tree)[keys[-1]] = value
