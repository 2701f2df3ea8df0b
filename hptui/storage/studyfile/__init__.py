"""Study files: TOML that people write, read into a `Study`, changed, compared, and written back."""

from hptui.storage.studyfile.advice import warnings
from hptui.storage.studyfile.compare import changes
from hptui.storage.studyfile.dump import to_json
from hptui.storage.studyfile.edit import override
from hptui.storage.studyfile.read import from_json, load, loads
from hptui.storage.studyfile.rewrite import write_entries
from hptui.storage.studyfile.schema import Schema, Setting, Settings, look_up
from hptui.storage.studyfile.values import parse_value
from hptui.storage.studyfile.write import write_space

__all__ = [
    "load",
    "loads",
    "from_json",
    "to_json",
    "override",
    "write_space",
    "write_entries",
    "changes",
    "warnings",
    "parse_value",
    "Schema",
    "Setting",
    "Settings",
    "look_up",
]
