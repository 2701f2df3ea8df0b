"""What a user has chosen, in `$XDG_CONFIG_HOME/hptui/config.toml`; and what the terminal and the command line say.

theme = "dark"          # dark light safe ansi, or any theme of Textual
refresh = 1.0           # seconds between looks at the store
charts = "auto"         # auto braille block ascii
smoothing = 0.6         # of charts, at start: 0 to 0.99
mouse = true

[keys]
"study.pause" = "P"     # a key of `hptui keys`, or of the help screen, by its id
"""

from __future__ import annotations

import locale
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from hptui.model.errors import did_you_mean

CHARTS = ("auto", "braille", "block", "ascii")
FASTEST = 0.1
SLOW_REFRESH = 2.0


@dataclass(frozen=True, slots=True)
class Config:
    """How the screens look and behave. `problems` are sentences about what the file says and cannot mean."""

    theme: str = "dark"
    refresh: float = 1.0
    charts: str = "auto"
    smoothing: float = 0.6
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    readonly: bool = False
    slow: bool = False
    problems: tuple[str, ...] = ()


def config_path() -> Path:
    """Where the file is, or would be."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "hptui" / "config.toml"


def state_path() -> Path:
    """Where the screens keep what they remember: `$XDG_STATE_HOME/hptui`."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "hptui"


def load(path: Path | None = None) -> Config:
    """The user's choices; a file that is wrong changes nothing, and says so."""
    path = path or config_path()
    try:
        said = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        return Config(problems=(f"{path}: {error}",))
    return _checked(said, path)


def _checked(said: Mapping[str, Any], path: Path) -> Config:
    config, problems = Config(), []
    known = {one.name for one in fields(Config)} - {"readonly", "slow", "problems"}
    for name, value in said.items():
        if name not in known:
            problems.append(f"{path}: there is no setting {name!r}; {did_you_mean(name, known)}")
        elif problem := _wrong(name, value):
            problems.append(f"{path}: {name} = {value!r}: {problem}")
        else:
            settings: dict[str, Any] = {name: float(value) if name in ("refresh", "smoothing") else value}
            config = replace(config, **settings)
    return replace(config, problems=tuple(problems))


def _wrong(name: str, value: Any) -> str:
    """Why a setting cannot have a value, or ''."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "theme" if not isinstance(value, str):
            return "a theme's name is a text"
        case "refresh" if not (number and FASTEST <= value <= 3600):
            return f"seconds, from {FASTEST:g}"
        case "smoothing" if not (number and 0 <= value < 1):
            return "from 0 to below 1"
        case "charts" if value not in CHARTS:
            return f"one of {', '.join(CHARTS)}"
        case "mouse" if not isinstance(value, bool):
            return "true or false"
        case "keys" if not (isinstance(value, dict) and all(isinstance(key, str) for key in value.values())):
            return "a table of ids and keys"
    return ""


def settled(config: Config, environ: Mapping[str, str] | None = None) -> Config:
    """`auto` decided by the terminal; `--slow` spelled out; `NO_COLOR` obeyed."""
    environ = os.environ if environ is None else environ
    if config.slow:
        config = replace(config, refresh=max(config.refresh, SLOW_REFRESH), theme=_plain_theme(config.theme))
    if environ.get("NO_COLOR"):
        config = replace(config, theme=_plain_theme(config.theme))
    if config.charts == "auto":
        config = replace(config, charts="ascii" if not speaks_unicode(environ) else "braille")
    return config


def _plain_theme(theme: str) -> str:
    """The theme of sixteen colours that suits one with more."""
    return "ansi-light" if theme in ("light", "textual-light", "ansi-light") else "ansi"


def speaks_unicode(environ: Mapping[str, str]) -> bool:
    """Whether braille and box characters can be hoped for."""
    if environ.get("TERM", "") in ("linux", "vt100", "vt220", "ansi"):
        return False
    said = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if said:
        return "utf" in said.lower()
    return "utf" in locale.getpreferredencoding(False).lower()
