"""A small stand-in for hyperpyyaml: `!ref`, `!new:` and `!apply:` over a YAML file, and overrides as YAML."""
import importlib
import re

import yaml


def load_hyperpyyaml(stream, overrides=""):
    class Loader(yaml.SafeLoader):
        pass

    plain = {}

    def ref(loader, node):
        text = loader.construct_scalar(node)
        if re.fullmatch(r"<[^<>]+>", text):
            return plain.get(text[1:-1], objects.get(text[1:-1]))
        text = re.sub(r"<([^<>]+)>", lambda m: str(plain[m[1]]), text)
        return eval(text, {}) if re.fullmatch(r"[\d.e+\-*/ ()]+", text) else text

    def make(loader, suffix, node):
        module, name = suffix.rsplit(".", 1)
        function = getattr(importlib.import_module(module), name)
        if isinstance(node, yaml.MappingNode):
            return function(**loader.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return function(*loader.construct_sequence(node, deep=True))
        return function()

    Loader.add_constructor("!ref", ref)
    Loader.add_multi_constructor("!new:", make)
    Loader.add_multi_constructor("!apply:", make)
    Loader.add_constructor("!PLACEHOLDER", lambda loader, node: None)
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))
    objects = {}
    given = yaml.load(overrides or "{}", Loader) or {}
    loader = Loader(stream)
    node = loader.get_single_node()
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        value = given[key] if key in given else loader.construct_object(value_node, deep=True)
        objects[key] = value
        if isinstance(value, (str, int, float, bool, type(None))):
            plain[key] = value
    if unknown := set(given) - set(objects):
        raise KeyError(f"The overrides {sorted(unknown)} are not in the hyperparameter file")
    return objects
