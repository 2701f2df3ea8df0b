"""Study files: TOML that people write, read into a `Study`, changed, compared, and written back."""

from hptui.storage.studyfile.advice import study_warnings
from hptui.storage.studyfile.compare import describe_changes
from hptui.storage.studyfile.dump import to_json
from hptui.storage.studyfile.edit import with_overrides
from hptui.storage.studyfile.read import from_json, read_file, read_text
from hptui.storage.studyfile.rewrite import write_entries
from hptui.storage.studyfile.schema import Schema, Setting, Settings, look_up
from hptui.storage.studyfile.values import parse_value
from hptui.storage.studyfile.write import write_space

__all__ = [
    "read_file",
    "read_text",
    "from_json",
    "to_json",
    "with_overrides",
    "write_space",
    "write_entries",
    "describe_changes",
    "study_warnings",
    "parse_value",
    "Schema",
    "Setting",
    "Settings",
    "look_up",
]
