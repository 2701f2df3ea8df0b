"""Read a config file whose values are JSON, with references and overrides from the command line."""
import configparser
import json
import re


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


class Config(dict):
    @classmethod
    def from_disk(cls, path, overrides):
        parser = configparser.ConfigParser(interpolation=None)
        parser.optionxform = str
        with open(path, encoding="utf8") as f:
            parser.read_file(f)
        flat = {f"{section}.{key}": text for section in parser.sections() for key, text in parser[section].items()}
        for key, text in overrides.items():
            if key not in flat:
                raise SystemExit(f"✘ Error parsing config overrides\n{key}: not a section value that can be overridden")
            flat[key] = text
        for key, text in flat.items():
            reference = re.fullmatch(r"\$\{(.+)\}", text)
            flat[key] = flat[reference[1]] if reference else text
        return cls({key: _value(text) for key, text in flat.items()})

    def part(self, prefix):
        return {key[len(prefix) + 1:]: value for key, value in self.items() if key.startswith(prefix + ".")}


def parse_overrides(args):
    result, args = {}, list(args)
    while args:
        opt = args.pop(0)
        if not opt.startswith("--"):
            raise SystemExit(f"✘ Error parsing config overrides\n{opt}: name should start with --")
        name, given, value = opt[2:].partition("=")
        if not given:
            value = "true" if not args or args[0].startswith("--") else args.pop(0)
        result[name] = value
    return result
