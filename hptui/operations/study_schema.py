"""`hptui schema`: the JSON Schema of study files, the line by which a file names it, and the keys to complete."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

from hptui import plugins
from hptui.core.errors import HptuiError
from hptui.core.keys import Key
from hptui.core.trial import Value
from hptui.operations.find import find_study
from hptui.results.export.text_formats import write_atomically
from hptui.results.view import read_study
from hptui.studyfile.json_schema import study_schema
from hptui.studyfile.reference import settable_keys
from hptui.trainers import registry


def schema_text(kind: str = "", directory: str = "") -> str:
    """Return the JSON Schema of all study files, or of those with the trainer `kind`, as text.

    `directory` is where a user's own trainer is looked for. Raises: UserError for an unknown trainer.
    """
    settings = registry.schema(kind, directory) if kind else None
    document: dict[str, Value] = study_schema(plugins.names("trainers", installed=True), settings, kind)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def write_schema(path: Path, kind: str = "", directory: str = "") -> None:
    """Write the schema to a file, which is replaced as a whole. Raises: UserError, MachineError."""
    write_atomically(path, schema_text(kind, directory).encode())


def schema_line(kind: str, study_file: Path) -> str:
    """Write the schema of a trainer into the directory of a study file, and return the line that names it."""
    path = study_file.parent / f"hptui-{kind}.schema.json"
    write_schema(path, kind, os.path.abspath(study_file.parent))
    return f"#:schema ./{path.name}\n"


def keys_to_complete(home: Path, reference: str) -> dict[str, Key]:
    """Return the keys that `--set` can change in a study; without a reference, those of all studies."""
    kind, directory, parameters, stages = _names_in_study(home, reference)
    # A user's own trainer is not imported: completion must not run code.
    settings = registry.schema(kind, directory) if kind in plugins.names("trainers") else None
    return settable_keys(settings, parameters, stages)


def _names_in_study(home: Path, reference: str) -> tuple[str, str, list[str], list[str]]:
    """Return the trainer's kind, the directory, and the names of parameters and stages."""
    try:
        if Path(reference).is_file():
            with open(reference, "rb") as file:
                document = tomllib.load(file)
            kind = document.get("trainer", {}).get("kind", "")
            stages = [str(stage.get("name")) for stage in document.get("stage", ())]
            return str(kind), os.path.dirname(os.path.abspath(reference)), list(document.get("space", ())), stages
        study = read_study(find_study(home, reference))
    except (HptuiError, OSError, ValueError, AttributeError, TypeError):  # half a file, or no study
        return "", "", [], []
    names = [parameter.name for parameter in study.space.parameters]
    return study.trainer.kind, study.directory, names, [stage.name for stage in study.stages]
