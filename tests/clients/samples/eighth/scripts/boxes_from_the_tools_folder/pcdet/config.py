from ast import literal_eval
from pathlib import Path

import yaml


class Node(dict):
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def _nodes(value):
    if isinstance(value, dict):
        return Node({key: _nodes(one) for key, one in value.items()})
    return value


cfg = Node()
cfg.ROOT_DIR = (Path(__file__).resolve().parent / '../').resolve()
cfg.LOCAL_RANK = 0


def log_config_to_file(cfg, pre='cfg', logger=None):
    for key, val in cfg.items():
        if isinstance(val, Node):
            logger.info('----------- %s -----------' % (key))
            log_config_to_file(val, pre=pre + '.' + key, logger=logger)
            continue
        logger.info('%s.%s: %s' % (pre, key, val))


def cfg_from_list(cfg_list, config):
    """Set config keys via list (e.g., from command line)."""
    assert len(cfg_list) % 2 == 0
    for k, v in zip(cfg_list[0::2], cfg_list[1::2]):
        key_list = k.split('.')
        d = config
        for subkey in key_list[:-1]:
            assert subkey in d, 'NotFoundKey: %s' % subkey
            d = d[subkey]
        subkey = key_list[-1]
        assert subkey in d, 'NotFoundKey: %s' % subkey
        try:
            value = literal_eval(v)
        except (ValueError, SyntaxError):
            value = v
        assert type(value) == type(d[subkey]), 'type {} does not match original type {}'.format(type(value), type(d[subkey]))
        d[subkey] = value


def cfg_from_yaml_file(cfg_file, config):
    with open(cfg_file, 'r') as f:
        config.update(_nodes(yaml.safe_load(f)))
    return config
