"""Every key, once: its id, its name, what it does, and the CLI's verb that does the same.

Bindings, the line of keys at the bottom, the help, the command palette and `[keys]` of the config all read this table.
The part of an id before the dot is its scope: the widget or screen whose action it is. A key that changes something
names the function of `hptui.operations` that it calls, which is the one that the CLI's verb calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from textual.binding import Binding, BindingType

from hptui.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """Something that a key does.

    `footer` is its rank in the line of keys, 1 first; 0 leaves it out. `verb` is the CLI's word for the same, '' for a
    key that changes nothing; `asks` means that it is confirmed first.
    """

    id: str
    keys: str
    label: str
    help: str
    action: str
    group: str
    footer: int = 0
    verb: str = ""
    asks: bool = False

    @property
    def scope(self) -> str:
        """The widget or screen whose action it is."""
        return self.id.partition(".")[0]

    @property
    def changes(self) -> bool:
        """True if it changes anything: such keys do not exist with `--readonly`."""
        return bool(self.verb)

    @property
    def calls(self) -> str:
        """The function that it calls, as `module:name`; '' for a key that changes nothing."""
        return CALLS[self.verb] if self.verb else ""


CALLS: Mapping[str, str] = {
    **dict.fromkeys(("pause", "stop", "retry", "add", "note"), "hptui.operations.steer:send_command"),
    "run": "hptui.operations.run:run",
    "space": "hptui.operations.space:save",
    "report": "hptui.operations.report:write_report",
}
"""Verb of the CLI -> function that carries it out."""

KEYS: tuple[KeyBinding, ...] = (
    # everywhere
    KeyBinding("app.help", "question_mark", "Help", "what every key does here", "help", "Program", 90),
    KeyBinding("app.palette", "ctrl+p,colon", "Commands", "find a command by its name", "command_palette", "Program"),
    KeyBinding("app.back", "escape", "Back", "one layer out", "back", "Program"),
    KeyBinding(
        "app.leave", "q", "Quit", "back; from the first screen: leave, while trials go on", "leave", "Program", 95
    ),
    KeyBinding("app.quit", "Q,ctrl+c", "Leave", "leave at once; trials go on", "quit", "Program"),
    KeyBinding("app.system", "u", "System", "GPUs, processors, memory, disks, and who uses them", "system", "Look", 80),
    KeyBinding("app.messages", "exclamation_mark", "Messages", "the last fifty messages", "messages", "Program"),
    KeyBinding("app.theme", "ctrl+t", "Theme", "another theme, with a preview", "theme", "Program"),
    KeyBinding("app.redraw", "ctrl+l", "Redraw", "draw the whole screen anew", "redraw", "Program"),
    KeyBinding("app.suspend", "ctrl+z", "Suspend", "back to the shell; fg returns", "suspend_process", "Program"),
    KeyBinding("app.pane1", "1", "Pane 1", "go to the first pane", "pane(0)", "Move"),
    KeyBinding("app.pane2", "2", "Pane 2", "go to the second pane", "pane(1)", "Move"),
    KeyBinding("app.pane3", "3", "Pane 3", "go to the third pane", "pane(2)", "Move"),
    KeyBinding("app.pane4", "4", "Pane 4", "go to the fourth pane", "pane(3)", "Move"),
    KeyBinding("app.zoom", "z", "Zoom", "this pane alone, and back", "zoom", "Look"),
    # any table
    KeyBinding("table.up", "up,k", "Up", "one row up", "move(-1)", "Move"),
    KeyBinding("table.down", "down,j", "Down", "one row down", "move(1)", "Move"),
    KeyBinding("table.top", "g,home", "Top", "first row", "edge(-1)", "Move"),
    KeyBinding("table.end", "G,end", "End", "last row", "edge(1)", "Move"),
    KeyBinding("table.half_up", "ctrl+u", "Half page up", "half a page up", "page(-0.5)", "Move"),
    KeyBinding("table.half_down", "ctrl+d", "Half page down", "half a page down", "page(0.5)", "Move"),
    KeyBinding("table.page_up", "pageup", "Page up", "a page up", "page(-1)", "Move"),
    KeyBinding("table.page_down", "pagedown", "Page down", "a page down", "page(1)", "Move"),
    KeyBinding("table.left", "left,h,comma", "Column left", "column cursor to the left", "column(-1)", "Move"),
    KeyBinding("table.right", "right,l,full_stop", "Column right", "column cursor to the right", "column(1)", "Move"),
    KeyBinding("table.open", "enter", "Open", "open what the cursor is on", "open", "Look", 1),
    KeyBinding("table.sort", "s", "Sort", "sort by the column under the cursor", "sort", "Look", 14),
    KeyBinding("table.reverse", "S", "Reverse", "turn the order around", "reverse", "Look"),
    # a pane of text
    KeyBinding("pane.up", "up,k", "Up", "one line up", "move(-1)", "Move"),
    KeyBinding("pane.down", "down,j", "Down", "one line down", "move(1)", "Move"),
    KeyBinding("pane.top", "g,home", "Top", "first line", "edge(-1)", "Move"),
    KeyBinding("pane.end", "G,end", "End", "last line", "edge(1)", "Move"),
    KeyBinding("pane.half_up", "ctrl+u,pageup", "Half page up", "half a page up", "page(-0.5)", "Move"),
    KeyBinding("pane.half_down", "ctrl+d,pagedown", "Half page down", "half a page down", "page(0.5)", "Move"),
    # a pane of columns
    KeyBinding("columns.left", "left,h,comma", "Columns left", "columns that are out of sight", "side(-1)", "Move"),
    KeyBinding("columns.right", "right,l,full_stop", "Columns right", "columns out of sight", "side(1)", "Move"),
    # the list of studies
    KeyBinding("studies.new", "n", "New", "a new study, from a study file or a template", "new", "Run", 4, "run"),
    KeyBinding("studies.run", "r", "Run", "run it, or let it go on: how many trials, where", "run", "Run", 5, "run"),
    KeyBinding("studies.pause", "p", "Pause", "save checkpoints and stop for now", "pause", "Run", 6, "pause"),
    KeyBinding("studies.stop", "X", "Stop…", "end the study", "stop", "Run", 7, "stop", True),
    KeyBinding("studies.filter", "slash", "Filter", "show only studies with these words", "filter", "Choose", 9),
    KeyBinding("studies.tour", "t", "Tour", "what is where, in half a minute", "tour", "Look", 8),
    KeyBinding("studies.copy", "y", "Copy", "copy the study's directory", "copy", "Out", 20),
    # a study
    KeyBinding("study.resume", "r", "Run", "run it, or let it go on", "run", "Run", 6, "run"),
    KeyBinding("study.pause", "p", "Pause", "save checkpoints and stop for now", "pause", "Run", 5, "pause"),
    KeyBinding("study.drain", "P", "Drain", "finish running trials, start no new ones", "drain", "Run", 0, "pause"),
    KeyBinding("study.stop", "X", "Stop study…", "end the study", "stop", "Run", 0, "stop", True),
    KeyBinding("study.budget", "A", "Add trials", "more trials: a number, or +10", "budget", "Run", 0, "run"),
    KeyBinding("study.queue", "I", "Queue", "queue a trial made by hand", "queue", "Run", 0, "add"),
    KeyBinding("study.metric", "m", "Metric", "the chart's next metric", "metric(1)", "Look", 10),
    KeyBinding("study.pick_metric", "M", "Metrics", "choose the chart's metric", "pick_metric", "Look"),
    KeyBinding("study.metrics", "O", "All metrics", "a grid of all metrics, page by page", "metrics", "Look", 11),
    KeyBinding("study.both", "b", "Both", "training and validation in one chart", "both", "Look"),
    KeyBinding("study.all", "V", "All", "chart all trials, or the marked ones", "all", "Look"),
    KeyBinding("study.panel", "v", "Panel", "next panel, where the screen holds one at a time", "panel", "Look", 12),
    KeyBinding("study.log", "t", "Log", "the log of the trial under the cursor", "log", "Look", 15),
    KeyBinding("study.runner_log", "U", "Runner log", "what the runner decided, and why", "runner_log", "Look"),
    KeyBinding("study.search_logs", "ampersand", "All logs", "find a text in all logs", "search_logs", "Look"),
    KeyBinding("study.space", "e", "Space", "edit the search space", "space", "Look", 13),
    # the space editor
    KeyBinding(
        "space.add", "a", "Add", "add a parameter: a setting of the trainer, or a name", "add", "Edit", 2, "space"
    ),
    KeyBinding("space.constrain", "c", "Constraint", "add a constraint", "constrain", "Edit", 3, "space"),
    KeyBinding("space.drop", "D", "Drop", "take out what the cursor is on", "drop", "Edit", 4, "space"),
    KeyBinding("space.undo", "u", "Undo", "take the last change back", "undo", "Edit", 5),
    KeyBinding("space.editor", "E", "Editor", "the study file in $EDITOR", "editor", "Edit", 6, "space"),
    KeyBinding("space.save", "ctrl+s", "Save", "make it the next revision, with a reason", "save", "Edit", 7, "space"),
    KeyBinding("space.leave", "escape,q", "Back", "back to the study", "leave_space", "Program", 91),
    KeyBinding(
        "study.insights", "H", "Insights", "pictures of the whole study, with their numbers", "insights", "Look", 13
    ),
    KeyBinding(
        "study.compare", "c", "Compare", "marked trials, or the best and this one or the baseline", "compare", "Look", 9
    ),
    KeyBinding("study.health", "d", "Health", "what trials suffer from, and what may help", "health", "Look", 13),
    KeyBinding("study.report", "R", "Report", "the report as it would be written now", "report", "Out", 19),
    # the report
    KeyBinding("report.rendered", "m", "Rendered", "as it reads, and as it stands", "rendered", "Look", 1),
    KeyBinding("report.sections", "o", "Sections", "go to a section", "sections", "Look", 2),
    KeyBinding("report.write", "w", "Write", "write it, with figures and facts", "write", "Out", 3, "report"),
    KeyBinding("report.copy", "y", "Copy", "copy its text", "copy", "Out", 4),
    KeyBinding("report.again", "r", "Again", "make it anew", "again", "Look", 5),
    # the machine
    KeyBinding("system.ours", "o", "Ours", "only processes of trials, and all", "ours", "Look", 1),
    # all metrics
    KeyBinding("metrics.full", "enter", "Alone", "this chart alone with its values, and back", "full", "Look", 1),
    KeyBinding(
        "metrics.filter", "slash", "Filter", "only metrics that match a regular expression", "filter", "Look", 2
    ),
    KeyBinding(
        "metrics.next_page", "n,pagedown", "Next", "the next page, or the next metric alone", "page(1)", "Look", 3
    ),
    KeyBinding("metrics.previous_page", "N,pageup", "Previous", "the page before", "page(-1)", "Look", 4),
    KeyBinding("metrics.down", "down,j", "Next chart", "to the next chart", "step(1)", "Move"),
    KeyBinding("metrics.up", "up,k", "Chart before", "to the chart before", "step(-1)", "Move"),
    KeyBinding("metrics.both", "b", "Both", "training and validation in one chart", "both", "Look"),
    # trials side by side
    KeyBinding("compare.all", "f", "All settings", "also settings that are the same", "all_settings", "Look", 1),
    KeyBinding("compare.turn", "b", "By the next", "measure by the next trial", "turn", "Look", 2),
    KeyBinding("compare.other", "a", "Other study", "a trial of another study", "other_study", "Look", 3),
    KeyBinding("compare.metric", "m", "Metric", "the chart's next metric", "metric(1)", "Look", 3),
    KeyBinding("compare.pick_metric", "M", "Metrics", "choose the chart's metric", "pick_metric", "Look"),
    KeyBinding("compare.write", "w", "Write", "write the comparison as CSV or Markdown", "write", "Out", 4),
    KeyBinding("compare.copy", "y", "Copy", "copy the comparison", "copy", "Out", 5),
    # health
    KeyBinding("health.cure", "C", "Clone cured", "queue the trial with what may help", "cure", "Run", 2, "add"),
    KeyBinding("health.space", "e", "Space", "take what failed out of the search space", "space", "Run", 3, "space"),
    # insights
    KeyBinding("insights.next", "right_square_bracket,tab", "Next", "the next picture", "turn(1)", "Look", 1),
    KeyBinding(
        "insights.previous", "left_square_bracket,shift+tab", "Previous", "the picture before", "turn(-1)", "Look", 2
    ),
    KeyBinding("insights.parameter", "m", "Parameter", "of another parameter", "parameter(1)", "Look", 3),
    KeyBinding("insights.other", "M", "Against", "against another parameter", "other(1)", "Look", 4),
    KeyBinding("insights.estimate", "i", "Estimate", "importance by another estimate", "estimate", "Look", 3),
    KeyBinding("insights.log", "L", "Log y", "logarithmic y axis, and back", "log", "Look", 7),
    KeyBinding("insights.range", "f", "Range", "a range of an axis filters the trials", "range", "Choose", 8),
    KeyBinding("insights.write", "w", "Write", "write the numbers as CSV or Markdown", "write", "Out", 5),
    KeyBinding("insights.copy", "y", "Copy", "copy the numbers", "copy", "Out", 6),
    KeyBinding("points.open", "enter", "Open", "open the trial under the cursor", "open", "Look", 1),
    KeyBinding("points.left", "left,h", "Left", "to the point before, along the x axis", "step(-1)", "Move"),
    KeyBinding("points.right", "right,l", "Right", "to the next point along the x axis", "step(1)", "Move"),
    KeyBinding("points.up", "up,k", "Up", "to the nearest point above", "climb(-1)", "Move"),
    KeyBinding("points.down", "down,j", "Down", "to the nearest point below", "climb(1)", "Move"),
    KeyBinding("points.anchor", "space", "Begin range", "a range begins at this point", "anchor", "Choose"),
    KeyBinding("points.best", "asterisk", "Best", "to the best trial", "best", "Move"),
    # its table of trials
    KeyBinding(
        "trials.mark", "space", "Mark", "mark: marked trials are charted, steered together", "mark", "Choose", 2
    ),
    KeyBinding("trials.unmark", "D", "Unmark", "no trial is marked", "unmark", "Choose"),
    KeyBinding(
        "trials.filter", "slash", "Filter", "show only trials that a filter lets through", "filter", "Choose", 8
    ),
    KeyBinding("trials.columns", "f", "Columns", "choose the columns", "columns", "Choose", 16),
    KeyBinding("trials.go_to", "number_sign", "Go to", "go to a trial by its number", "go_to", "Choose"),
    KeyBinding("trials.best", "asterisk", "Best", "go to the best trial", "best", "Choose"),
    KeyBinding("trials.stop", "x", "Stop trial…", "end the trial, or marked ones", "stop", "Run", 7, "stop", True),
    KeyBinding("trials.kill", "K", "Kill trial…", "end it at once, unsaved", "kill", "Run", 0, "stop", True),
    KeyBinding("trials.hold", "i", "Hold", "pause the trial, or let a paused one go on", "hold", "Run", 0, "pause"),
    KeyBinding("trials.retry", "T", "Retry", "run a failed or stopped trial again", "retry", "Run", 0, "retry"),
    KeyBinding("trials.note", "N", "Note", "write a note beside the trial", "note", "Run", 18, "note"),
    KeyBinding("trials.write_note", "E", "Write note", "the note in $EDITOR", "write_note", "Run", 0, "note"),
    KeyBinding("trials.star", "B", "Star", "star it, so that it stands first, or not", "star", "Choose", 0, "note"),
    KeyBinding("trials.saved", "F", "Saved filters", "use a saved filter, or save this one", "saved", "Choose"),
    KeyBinding("trials.clone", "C", "Clone", "queue the same trial with changes", "clone", "Run", 17, "add"),
    KeyBinding("trials.copy", "y", "Copy", "copy the trial's configuration", "copy", "Out", 20),
    # charts
    KeyBinding("chart.left", "left,h", "Left", "move the window or the crosshair to the left", "pan(-1)", "Move"),
    KeyBinding("chart.right", "right,l", "Right", "move the window or the crosshair to the right", "pan(1)", "Move"),
    KeyBinding("chart.zoom_in", "plus,equals_sign", "Zoom in", "show half as many steps", "zoom(0.5)", "Look", 11),
    KeyBinding("chart.zoom_out", "minus", "Zoom out", "show twice as many steps", "zoom(2.0)", "Look"),
    KeyBinding("chart.fit", "0", "Fit", "all steps, and the y axis fitted anew", "fit", "Look"),
    KeyBinding("chart.log", "L", "Log y", "logarithmic y axis, and back", "log_y", "Look", 11),
    KeyBinding("chart.axis", "o", "X axis", "x by step, time, tokens, epoch", "axis", "Look"),
    KeyBinding("chart.rougher", "left_square_bracket", "Less smooth", "less smoothing", "smooth(-1)", "Look"),
    KeyBinding("chart.smoother", "right_square_bracket", "Smoother", "more smoothing", "smooth(1)", "Look"),
    KeyBinding("chart.crosshair", "a", "Crosshair", "values at a step", "crosshair", "Look"),
    # a trial
    KeyBinding("trial.previous", "left,h", "Previous", "the trial before", "step(-1)", "Move", 3),
    KeyBinding("trial.next", "right,l", "Next", "the trial after", "step(1)", "Move", 4),
    KeyBinding("trial.copy", "y", "Copy config", "copy its configuration", "copy", "Out", 5),
    KeyBinding(
        "trial.copy_command", "Y", "Copy command", "copy the command that shows it in a shell", "copy_command", "Out"
    ),
    KeyBinding("trial.log", "t", "Log", "its log", "log", "Look", 6),
    KeyBinding("trial.metric", "m", "Metric", "the chart's next metric", "metric(1)", "Look", 8),
    KeyBinding("trial.pick_metric", "M", "Metrics", "choose the chart's metric", "pick_metric", "Look"),
    KeyBinding("trial.metrics", "O", "All metrics", "a grid of all its metrics, page by page", "metrics", "Look"),
    KeyBinding("trial.both", "b", "Both", "training and validation in one chart", "both", "Look"),
    KeyBinding(
        "trial.all_settings", "f", "All settings", "also settings that are the baseline's", "all_settings", "Look", 9
    ),
    KeyBinding("trial.panel", "v", "Panel", "next panel, where the screen holds one at a time", "panel", "Look", 7),
    KeyBinding("trial.cure", "d", "Cure", "queue it with what may help", "cure", "Run", 13, "add"),
    KeyBinding("trial.cure_space", "e", "Space", "drop what failed from the space", "space", "Run", 0, "space"),
    KeyBinding("trial.artifact", "enter", "Artifact", "show the artifacts", "artifact", "Look"),
    KeyBinding("trial.stop", "x", "Stop…", "end it", "stop", "Run", 10, "stop", True),
    KeyBinding("trial.kill", "K", "Kill…", "end it at once, unsaved", "kill", "Run", 0, "stop", True),
    KeyBinding("trial.hold", "i", "Hold", "pause it, or let it go on", "hold", "Run", 0, "pause"),
    KeyBinding("trial.retry", "T", "Retry", "run it again, if it failed or was stopped", "retry", "Run", 0, "retry"),
    KeyBinding("trial.note", "N", "Note", "write a note beside it", "note", "Run", 11, "note"),
    KeyBinding("trial.write_note", "E", "Write note", "the note in $EDITOR", "write_note", "Run", 0, "note"),
    KeyBinding("trial.clone", "C", "Clone", "queue the same trial with changes", "clone", "Run", 12, "add"),
    # what the runner decided; lines of all logs
    KeyBinding("decisions.printed", "m", "Printed", "what the runner has printed", "printed", "Look", 1),
    KeyBinding("found.open", "enter", "Open", "open the log at this line", "open", "Look", 1),
    # what it has generated
    KeyBinding("records.kind", "o", "Category", "only records of one category, of the next, all", "kind", "Look", 1),
    KeyBinding("records.next", "right_square_bracket", "Next step", "only the next step", "turn(1)", "Look", 3),
    KeyBinding("records.before", "left_square_bracket", "Step before", "only the step before", "turn(-1)", "Look", 4),
    KeyBinding("sample.next", "right_square_bracket", "Next step", "the same of the next step", "turn(1)", "Look", 1),
    KeyBinding("sample.before", "left_square_bracket", "Step before", "of the step before", "turn(-1)", "Look", 2),
    KeyBinding("records.raw", "m", "Raw", "the file as it stands", "raw", "Look", 2),
    # a log, or another long text
    KeyBinding("log.up", "up,k", "Up", "one line up", "move(-1)", "Move"),
    KeyBinding("log.down", "down,j", "Down", "one line down", "move(1)", "Move"),
    KeyBinding("log.top", "g,home", "Top", "first line", "edge(-1)", "Move", 6),
    KeyBinding("log.end", "G,end", "End", "last line; once more: follow", "edge(1)", "Move", 7),
    KeyBinding("log.half_up", "ctrl+u", "Half page up", "half a page up", "page(-0.5)", "Move"),
    KeyBinding("log.half_down", "ctrl+d", "Half page down", "half a page down", "page(0.5)", "Move"),
    KeyBinding("log.page_up", "pageup", "Page up", "a page up", "page(-1)", "Move"),
    KeyBinding("log.page_down", "pagedown", "Page down", "a page down", "page(1)", "Move"),
    KeyBinding("log.left", "left,h", "Left", "scroll to the left", "side(-1)", "Move"),
    KeyBinding("log.right", "right,l", "Right", "scroll to the right", "side(1)", "Move"),
    KeyBinding("log.follow", "t", "Follow", "stay at the end as it grows", "follow", "Look", 1),
    KeyBinding("log.find", "slash", "Find", "find a text", "find", "Look", 2),
    KeyBinding("log.next", "n", "Next", "the next place", "again(1)", "Look", 3),
    KeyBinding("log.previous", "N", "Previous", "the place before", "again(-1)", "Look"),
    KeyBinding("log.filter", "ampersand", "Filter", "only lines with a text, or !without it", "filter", "Look", 4),
    KeyBinding("log.wrap", "w", "Wrap", "long lines over several rows, and back", "wrap", "Look", 5),
    KeyBinding("log.pager", "E", "Pager", "the whole file in $PAGER", "pager", "Look"),
    KeyBinding("log.copy", "y", "Copy", "copy the line", "copy", "Out", 8),
)
"""All keys. The order is that of the help screen within a group."""


@cache
def all_keys_by_id() -> Mapping[str, KeyBinding]:
    """Return all keys by their ids."""
    return {key.id: key for key in KEYS}


@cache
def keys_of_scope(scope: str) -> tuple[KeyBinding, ...]:
    """Return the keys of a scope, in order."""
    return tuple(key for key in KEYS if key.scope == scope)


def bindings(*scopes: str) -> list[BindingType]:
    """Return the bindings of a screen or widget; `set_keymap` finds them by their ids."""
    return [
        Binding(key.keys, key.action, key.label, id=key.id, show=key.footer > 0, tooltip=key.help)
        for scope in scopes
        for key in keys_of_scope(scope)
    ]


KEY_TEXTS = {
    "question_mark": "?",
    "colon": ":",
    "escape": "esc",
    "space": "␣",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "equals_sign": "=",
    "exclamation_mark": "!",
    "number_sign": "#",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ampersand": "&",
    "asterisk": "*",
    "enter": "⏎",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "ctrl+p": "^p",
    "ctrl+c": "^c",
    "ctrl+d": "^d",
    "ctrl+u": "^u",
    "ctrl+l": "^l",
    "ctrl+z": "^z",
    "ctrl+s": "^s",
    "ctrl+t": "^t",
}
"""How a key is written where Textual's name for it is longer."""
ASCII_KEY_TEXTS = {"space": "spc", "enter": "ret", "up": "up", "down": "down", "left": "left", "right": "right"}
"""The same for terminals with ASCII only."""


def key_text(key: str, *, ascii: bool = False) -> str:
    """Return a key as people write it, in ASCII if requested."""
    return (ASCII_KEY_TEXTS.get(key) if ascii else None) or KEY_TEXTS.get(key, key)
