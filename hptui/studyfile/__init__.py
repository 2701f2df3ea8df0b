"""Study files: TOML that people write, read into a `Study`, changed, compared, and written back."""

from hptui.core.keys import parse_value
from hptui.studyfile.read import from_json, read_file, read_text, with_overrides
from hptui.studyfile.serialize import describe_changes, to_json
from hptui.studyfile.trainer_settings import Schema, Setting, Settings, look_up
from hptui.studyfile.warnings import study_warnings
from hptui.studyfile.write import write_entries, write_space

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
