"""The themes, and the colour and sign of each meaning: the same on every screen.

No state is shown by colour alone; there is a set of ASCII signs for terminals without Unicode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.theme import BUILTIN_THEMES, Theme

from hptui.core.dataclass import dataclass
from hptui.core.trial import StudyState, TrialStatus

MEANINGS = ("muted", "running", "paused", "good", "best", "bad", "warn", "accent", "mark")
"""Meanings that a part of a line can have; `$mean-NAME` in styles."""
N_SERIES_COLOURS = 8
"""Number of curves with a colour of their own; all further ones share one."""


def _variables(meanings: Mapping[str, str], series: tuple[str, ...], **extra: str) -> dict[str, str]:
    variables = {f"mean-{name}": colour for name, colour in meanings.items()}
    variables |= {f"series-{index}": colour for index, colour in enumerate(series)}
    return {**variables, **{name.replace("_", "-"): value for name, value in extra.items()}}


DARK = Theme(
    "dark",
    primary="#7aa2c8",
    secondary="#8fa6b5",
    accent="#d7a65f",
    foreground="#d0d5da",
    background="#14181c",
    surface="#14181c",
    panel="#1d2329",
    success="#8fbf7f",
    warning="#d7a65f",
    error="#e07a70",
    variables=_variables(
        {
            "muted": "#78838d",
            "running": "#6cb6eb",
            "paused": "#c9a26d",
            "good": "#8fbf7f",
            "best": "#f0c674",
            "bad": "#e07a70",
            "warn": "#d7a65f",
            "accent": "#7aa2c8",
            "mark": "#c490d1",
        },
        ("#6cb6eb", "#f0c674", "#8fbf7f", "#c490d1", "#e07a70", "#5fc4b8", "#d98e55", "#9aa7e0"),
        line="#2c343c",
        line_focus="#7aa2c8",
        cursor="#28343f",
        cursor_dim="#1f262d",
        grid="#262d34",
    ),
)
"""The default theme."""
LIGHT = Theme(
    "light",
    primary="#2b6297",
    secondary="#4c6478",
    accent="#9a6200",
    foreground="#24292e",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#eeeeea",
    success="#2f7d32",
    warning="#9a6200",
    error="#b3261e",
    dark=False,
    variables=_variables(
        {
            "muted": "#6b737b",
            "running": "#1f6fb2",
            "paused": "#8a5a00",
            "good": "#2f7d32",
            "best": "#8a5a00",
            "bad": "#b3261e",
            "warn": "#9a6200",
            "accent": "#2b6297",
            "mark": "#7b3f98",
        },
        ("#1f6fb2", "#b07800", "#2f7d32", "#7b3f98", "#b3261e", "#007d76", "#b25514", "#4d5bb0"),
        line="#d4d4cd",
        line_focus="#2b6297",
        cursor="#dbe7f1",
        cursor_dim="#ecefef",
        grid="#e4e4de",
    ),
)
"""The theme for a light background."""
SAFE = Theme(
    "safe",
    primary="#56b4e9",
    secondary="#999999",
    accent="#e69f00",
    foreground="#dddddd",
    background="#121212",
    surface="#121212",
    panel="#1e1e1e",
    success="#56b4e9",
    warning="#e69f00",
    error="#d55e00",
    variables=_variables(
        {
            "muted": "#8a8a8a",
            "running": "#f0e442",
            "paused": "#e69f00",
            "good": "#56b4e9",
            "best": "#ffffff",
            "bad": "#d55e00",
            "warn": "#e69f00",
            "accent": "#56b4e9",
            "mark": "#cc79a7",
        },
        # The palette of Okabe and Ito, which can be distinguished also without red or green cones.
        ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#d55e00", "#cc79a7", "#4d8ec9", "#dddddd"),
        line="#333333",
        line_focus="#56b4e9",
        cursor="#333a40",
        cursor_dim="#232628",
        grid="#2a2a2a",
    ),
)
"""The theme for all kinds of colour vision."""
_ANSI = _variables(
    {
        "muted": "ansi_bright_black",
        "running": "ansi_cyan",
        "paused": "ansi_yellow",
        "good": "ansi_green",
        "best": "ansi_yellow",
        "bad": "ansi_red",
        "warn": "ansi_yellow",
        "accent": "ansi_blue",
        "mark": "ansi_magenta",
    },
    (
        "ansi_cyan",
        "ansi_yellow",
        "ansi_green",
        "ansi_magenta",
        "ansi_red",
        "ansi_blue",
        "ansi_bright_cyan",
        "ansi_bright_yellow",
    ),
    line="ansi_bright_black",
    line_focus="ansi_blue",
    cursor="ansi_bright_black",
    cursor_dim="ansi_default",
    grid="ansi_bright_black",
)


def _ansi(name: str, dark: bool) -> Theme:
    """Return a theme of the terminal's own sixteen colours."""
    return Theme(
        name,
        primary="ansi_blue",
        secondary="ansi_cyan",
        accent="ansi_yellow",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        dark=dark,
        ansi=True,
        variables={**BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables, **_ANSI},
    )


THEMES = (DARK, LIGHT, SAFE, _ansi("ansi", True), _ansi("ansi-light", False))
"""Our themes."""
DEFAULT_VARIABLES = dict(DARK.variables)
"""Style variables for Textual's own themes, which do not define ours."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of signs: one for each status and state, and those of tables and bars."""

    status: Mapping[TrialStatus, str]
    state: Mapping[StudyState, str]
    gone: str
    cursor: str
    mark: str
    best: str
    up: str
    down: str
    bars: Sequence[str]
    full: str
    empty: str
    dot: str
    star: str


UNICODE_GLYPHS = Glyphs(
    {
        TrialStatus.WAITING: "○",
        TrialStatus.RUNNING: "●",
        TrialStatus.PAUSED: "‖",
        TrialStatus.COMPLETE: "✓",
        TrialStatus.PRUNED: "▽",
        TrialStatus.FAILED: "✕",
        TrialStatus.STOPPED: "■",
    },
    {
        StudyState.NEW: "○",
        StudyState.RUNNING: "●",
        StudyState.DRAINING: "◐",
        StudyState.PAUSED: "‖",
        StudyState.DONE: "✓",
        StudyState.STOPPED: "■",
    },
    "✕",
    "▌",
    "+",
    "★",
    "▲",
    "▼",
    "▁▂▃▄▅▆▇█",
    "█",
    "░",
    "·",
    "◆",
)
"""Signs for terminals with Unicode."""
ASCII_GLYPHS = Glyphs(
    {
        TrialStatus.WAITING: ".",
        TrialStatus.RUNNING: "@",
        TrialStatus.PAUSED: "=",
        TrialStatus.COMPLETE: "Y",
        TrialStatus.PRUNED: "<",
        TrialStatus.FAILED: "x",
        TrialStatus.STOPPED: "#",
    },
    {
        StudyState.NEW: ".",
        StudyState.RUNNING: "@",
        StudyState.DRAINING: "@",
        StudyState.PAUSED: "=",
        StudyState.DONE: "Y",
        StudyState.STOPPED: "#",
    },
    "x",
    ">",
    "+",
    "*",
    "^",
    "v",
    "_.,-~=*#",
    "#",
    ".",
    "|",
    "!",
)
"""Signs for terminals with ASCII only."""

STATUS_MEANINGS: Mapping[TrialStatus, str] = {
    TrialStatus.WAITING: "muted",
    TrialStatus.RUNNING: "running",
    TrialStatus.PAUSED: "paused",
    TrialStatus.COMPLETE: "good",
    TrialStatus.PRUNED: "muted",
    TrialStatus.FAILED: "bad",
    TrialStatus.STOPPED: "muted",
}
"""Status -> the meaning of its colour, one of `themes.MEANINGS`."""

STATE_MEANINGS: Mapping[StudyState, str] = {
    StudyState.NEW: "muted",
    StudyState.RUNNING: "running",
    StudyState.DRAINING: "running",
    StudyState.PAUSED: "paused",
    StudyState.DONE: "good",
    StudyState.STOPPED: "muted",
}
"""Study state -> the meaning of its colour, one of `themes.MEANINGS`."""


def sparkline(values: Sequence[float | None], glyphs: Glyphs) -> str:
    """Return a sparkline, scaled between the lowest and the highest value; a blank stands for None."""
    finite = [value for value in values if value is not None]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    last = len(glyphs.bars) - 1
    size = (high - low) or 1.0
    return "".join(
        " " if value is None else glyphs.bars[round((value - low) / size * last) if high > low else 0]
        for value in values
    )
