import argparse
import dataclasses
import typing


def _bool(text):
    return str(text).lower() in ("true", "1", "yes", "y")


class HfArgumentParser(argparse.ArgumentParser):
    def __init__(self, dataclass_types):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        self.dataclass_types = list(dataclass_types) if isinstance(dataclass_types, (list, tuple)) else [dataclass_types]
        for dtype in self.dataclass_types:
            hints = typing.get_type_hints(dtype)
            for field in dataclasses.fields(dtype):
                kind = hints[field.name]
                kind = next((k for k in typing.get_args(kind) if k is not type(None)), kind)
                default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
                extra = {"type": _bool, "nargs": "?", "const": True} if kind is bool else {"type": kind}
                if typing.get_origin(kind) is list or kind in (list, dict):
                    extra = {"type": str, "nargs": "+"}
                self.add_argument(f"--{field.name}", default=default, help=field.metadata.get("help"), **extra)

    def parse_args_into_dataclasses(self, args=None):
        namespace = vars(self.parse_args(args))
        return tuple(dtype(**{f.name: namespace[f.name] for f in dataclasses.fields(dtype)}) for dtype in self.dataclass_types)
