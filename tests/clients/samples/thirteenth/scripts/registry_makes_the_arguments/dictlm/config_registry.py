import copy


class ConfigRegistry:
    """Named dictionaries that all derive from a root."""

    def __init__(self):
        self._configs = {}

    def set_root_config(self, config):
        self._configs['root'] = config

    def __getitem__(self, name):
        return copy.deepcopy(self._configs[name])

    def __setitem__(self, name, config):
        unknown = set(config) - set(self._configs['root'])
        if unknown:
            raise KeyError('not in the root config: {}'.format(sorted(unknown)))
        self._configs[name] = config

    def names(self):
        return sorted(self._configs)
