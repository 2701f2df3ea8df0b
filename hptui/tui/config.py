"""The user's configuration of the screens, the terminal's limits, and the layouts in which studies were left.

`$XDG_CONFIG_HOME/hptui/config.toml`:

theme = "dark"          # dark light safe ansi, or any theme of Textual
refresh = 1.0           # seconds between two reads of the store
charts = "auto"         # auto braille block letters ascii
smoothing = 0.6         # of charts, at start: 0 to 0.99
mouse = true
bell = true             # and a notice of the desktop, when a study ends or fails

[keys]
"study.pause" = "P"     # a key of `hptui keys`, or of the help screen, by its id

[notify]                # for all studies; the keys are those of a study file
email = "me@example.org"

Layouts are stored in `$XDG_STATE_HOME/hptui`, never in the study's directory."""

from __future__ import annotations

import json
import locale
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, field, fields, replace
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError, did_you_mean
from hptui.core.notify import Notify
from hptui.operations.notify import config_path as config_path
from hptui.operations.notify import user_notify

CHART_STYLES = ("auto", "braille", "block", "letters", "ascii")
"""Values of `charts`. `letters` draws each curve with a letter of its own, for terminals without colours."""
LETTER_STYLES = ("letters", "ascii")
"""Values of `charts` with which a letter stands for the colour of a curve."""
MIN_REFRESH_S = 0.1
"""Lower bound of `refresh`, in seconds."""
MIN_SLOW_REFRESH_S = 2.0
"""Lower bound of `refresh` with `--slow`, in seconds."""


@dataclass(frozen=True, slots=True)
class Config:
    """Look and behaviour of the screens. `problems` are messages about invalid entries of the file."""

    theme: str = "dark"
    refresh: float = 1.0
    charts: str = "auto"
    smoothing: float = 0.6
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    readonly: bool = False
    slow: bool = False
    problems: tuple[str, ...] = ()
    notify: Notify = field(default_factory=Notify)
    bell: bool = True


def state_path() -> Path:
    """Return the directory of the state that the screens store: `$XDG_STATE_HOME/hptui`."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "hptui"


def load_config(path: Path | None = None) -> Config:
    """Read the user's configuration. Of an invalid file the defaults are kept, and `problems` says why."""
    path = path or config_path()
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        return Config(problems=(f"{path}: {error}",))
    return _config_from(table, path)


def _config_from(table: Mapping[str, Any], path: Path) -> Config:
    config, problems = Config(), []
    names = {item.name for item in fields(Config)} - {"readonly", "slow", "problems"}
    for name, value in table.items():
        if name == "notify":
            try:
                config = replace(config, notify=user_notify(value, path))
            except HptuiError as error:
                problems.append(str(error))
        elif name not in names:
            problems.append(f"{path}: there is no setting {name!r}; {did_you_mean(name, names)}")
        elif problem := _problem_of(name, value):
            problems.append(f"{path}: {name} = {value!r}: {problem}")
        else:
            settings: dict[str, Any] = {name: float(value) if name in ("refresh", "smoothing") else value}
            config = replace(config, **settings)
    return replace(config, problems=tuple(problems))


def _problem_of(name: str, value: Any) -> str:
    """Return why a setting cannot have a value, or ''."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "theme" if not isinstance(value, str):
            return "a theme's name is a text"
        case "refresh" if not (is_number and MIN_REFRESH_S <= value <= 3600):
            return f"seconds, from {MIN_REFRESH_S:g}"
        case "smoothing" if not (is_number and 0 <= value < 1):
            return "from 0 to below 1"
        case "charts" if value not in CHART_STYLES:
            return f"one of {', '.join(CHART_STYLES)}"
        case "mouse" | "bell" if not isinstance(value, bool):
            return "true or false"
        case "keys" if not (isinstance(value, dict) and all(isinstance(key, str) for key in value.values())):
            return "a table of ids and keys"
    return ""


def resolved_config(config: Config, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration with `auto` decided by the terminal, and `--slow` and `NO_COLOR` applied."""
    environ = os.environ if environ is None else environ
    if config.slow:
        config = replace(config, refresh=max(config.refresh, MIN_SLOW_REFRESH_S), theme=_plain_theme(config.theme))
    if environ.get("NO_COLOR"):
        config = replace(config, theme=_plain_theme(config.theme))
    if config.charts == "auto":
        fine = "letters" if environ.get("NO_COLOR") else "braille"
        config = replace(config, charts=fine if supports_unicode(environ) else "ascii")
    return config


def _plain_theme(theme: str) -> str:
    """Return the theme of sixteen colours that corresponds to one with more."""
    return "ansi-light" if theme in ("light", "textual-light", "ansi-light") else "ansi"


def supports_unicode(environ: Mapping[str, str]) -> bool:
    """Return whether the terminal can be expected to show braille and box characters."""
    if environ.get("TERM", "") in ("linux", "vt100", "vt220", "ansi"):
        return False
    locale_name = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if locale_name:
        return "utf" in locale_name.lower()
    return "utf" in locale.getpreferredencoding(False).lower()


MAX_LAYOUTS = 200
"""Studies whose layout is stored; the one left longest ago is dropped first."""


@dataclass(frozen=True, slots=True)
class StudyLayout:
    """The layout of a study's screen. '' and () mean the default."""

    columns: tuple[str, ...] = ()
    by: str = ""
    down: bool = False
    metrics: tuple[str, ...] = ()
    log_y: tuple[bool, ...] = ()
    smoothing: float | None = None
    both: bool = False


def load_layout(study: Path) -> StudyLayout:
    """Return the stored layout of a study, or the default one."""
    return _layout_from(_stored_layouts().get(str(study)))


def save_layout(study: Path, layout: StudyLayout) -> None:
    """Store the layout of a study. A state directory that is not writable is ignored."""
    layouts = _stored_layouts()
    stored = layouts.pop(str(study), None)
    if _layout_from(stored) == layout:
        return
    layouts[str(study)] = asdict(layout)
    path = _layouts_path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written under a name of its own and renamed: another hptui may store at the same time.
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(dict(list(layouts.items())[-MAX_LAYOUTS:])))
        temporary.replace(path)


def _layouts_path() -> Path:
    return state_path() / "layouts.json"


def _stored_layouts() -> dict[str, Any]:
    try:
        layouts = json.loads(_layouts_path().read_text())
    except (OSError, ValueError):
        return {}
    return layouts if isinstance(layouts, dict) else {}


def _layout_from(value: Any) -> StudyLayout:
    """Return the layout that a JSON value describes; invalid entries get their defaults."""
    if not isinstance(value, dict):
        return StudyLayout()
    smoothing = value.get("smoothing")
    return StudyLayout(
        columns=_strings(value.get("columns")),
        by=str(value.get("by") or ""),
        down=value.get("down") is True,
        metrics=_strings(value.get("metrics")),
        log_y=tuple(item is True for item in value["log_y"]) if isinstance(value.get("log_y"), list) else (),
        smoothing=float(smoothing) if isinstance(smoothing, int | float) and 0 <= smoothing < 1 else None,
        both=value.get("both") is True,
    )


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
