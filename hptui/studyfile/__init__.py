"""Study files: TOML that people write, read into a `Study`, changed, compared, and written back.

The names below are loaded on first access, so that the tables of keys alone can be had without the rest."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hptui.core.values import parse_value
    from hptui.studyfile.read import from_json, read_file, read_text, with_overrides
    from hptui.studyfile.serialize import describe_changes, to_json
    from hptui.studyfile.trainer_settings import Schema, Settings, look_up
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
    "Settings",
    "look_up",
]

_MODULES = {
    "parse_value": "hptui.core.values",
    **dict.fromkeys(("from_json", "read_file", "read_text", "with_overrides"), "hptui.studyfile.read"),
    **dict.fromkeys(("describe_changes", "to_json"), "hptui.studyfile.serialize"),
    **dict.fromkeys(("Schema", "Settings", "look_up"), "hptui.studyfile.trainer_settings"),
    "study_warnings": "hptui.studyfile.warnings",
    **dict.fromkeys(("write_entries", "write_space"), "hptui.studyfile.write"),
}

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        """Load a name from its module on first access (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module 'hptui.studyfile' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value
