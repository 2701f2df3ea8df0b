"""The Textual application: the screens over one feed, and the command palette of its keys.

It holds what screens share, and no state of a study."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from pathlib import Path
from typing import Any, ClassVar, cast

from textual.actions import ActionParseResult
from textual.app import App, InvalidThemeError, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from hptui.core.errors import HptuiError
from hptui.core.masking import shown
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir, list_studies
from hptui.tui import clipboard, routes
from hptui.tui.alerts import Alerts, StudyFacts, TellsEvents, alert_sequence
from hptui.tui.cells import one_line
from hptui.tui.config import Config
from hptui.tui.feed import Feed, OperationDone, SourceReading
from hptui.tui.host import Host, is_change
from hptui.tui.keys import bindings
from hptui.tui.messages import MessageHistory
from hptui.tui.palette import KeyCommands, KeyPalette
from hptui.tui.plugin_screens import InstalledScreenCommands, InstalledScreens
from hptui.tui.sources.running import RunningSource
from hptui.tui.terminal_app import TerminalApp
from hptui.tui.themes import ASCII_GLYPHS, DEFAULT_VARIABLES, THEMES, UNICODE_GLYPHS, Glyphs
from hptui.tui.trial_palette import TrialPalette
from hptui.tui.user_keys import textual_keymap

READ_ONLY = "read only: hptui was opened with --readonly, which changes nothing"
"""The answer to a key that would change something."""


class HptuiApp(TerminalApp):
    """The application of the screens. It opens on the studies of `home`, or on `study`.

    Its result is the message that is printed after it has closed; '' for none.
    """

    CSS_PATH = "app.tcss"
    TITLE = "hptui"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[Any]] = {KeyCommands, InstalledScreenCommands}
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  Textual reads it so
        (0, "-tiny"),
        (60, "-narrow"),
        (110, "-normal"),
        (150, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, home: Path, config: Config | None = None, *, study: StudyDir | None = None) -> None:
        super().__init__()
        self.home = home
        self.config = config or Config(charts="braille")
        self.feed = Feed(self.config.refresh)
        self.glyphs: Glyphs = ASCII_GLYPHS if self.config.charts == "ascii" else UNICODE_GLYPHS
        self._study = study
        self.messages = MessageHistory()
        self._palettes: dict[Path, TrialPalette] = {}
        self._alerts = Alerts(self.config.notify.kinds)
        self.background_source = RunningSource(home)
        self.installed_screens = InstalledScreens(self)
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        try:
            self.theme = self.config.theme
        except InvalidThemeError:
            self.theme = "dark"
        user_keymap, self._problems = textual_keymap(self.config.keys)
        self._problems += list(self.config.problems)
        if self.config.theme not in {theme.name for theme in THEMES} | set(BUILTIN_THEMES):
            self._problems.append(f"there is no theme {self.config.theme!r}")
        self.set_keymap(user_keymap)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the style variables that a theme may omit."""
        return DEFAULT_VARIABLES

    def _first_screen(self) -> Screen[Any]:
        """Return the screen to open first. It lies on an empty screen, which Textual cannot replace."""
        if self._study is not None:
            return self._screen_of("study", sd=self._study)
        return self._screen_of("studies")

    @staticmethod
    def _screen_of(route: str, **arguments: Any) -> Screen[Any]:
        screen: Screen[Any] = routes.ROUTES[route].load()(**arguments)
        return screen

    @property
    def is_nested(self) -> bool:
        """True if the screen in front lies on another one."""
        return len(self.screen_stack) > 2

    def on_mount(self) -> None:
        self.set_class(self.config.charts == "ascii", "-ascii")
        self.set_class(self.config.slow, "-slow-line")
        self.handle_signals()
        self.feed.watch_always(self.background_source, self._post_background)
        self.feed.start()
        self.push_screen(self._first_screen())
        self.set_timer(routes.PRELOAD_DELAY_S, routes.start_preloading)
        self.set_timer(routes.PRELOAD_DELAY_S, self.installed_screens.start_search)
        if self._problems:
            self.call_after_refresh(self.say, "; ".join(self._problems), "warn")

    def watch_theme(self, theme: str) -> None:
        self.set_class(self.current_theme.ansi, "-ansi-colours")

    def on_unmount(self) -> None:
        self.feed.close()

    # what screens ask for -------------------------------------------------------------------------------------

    @property
    def readonly(self) -> bool:
        """True if nothing may be changed."""
        return self.config.readonly

    def open(
        self, route: str, *, then: Callable[[Any], Any] | None = None, replace: bool = False, **arguments: Any
    ) -> Awaitable[object] | None:
        """Open a screen by the name of its route, over the one in front or, with `replace`, in its place.

        `then` is called with the screen's result when it is closed. Returns what can be awaited until the screen is
        shown; None if it could not be opened, which is shown, or if it is opened by a function.
        """
        entry = routes.ROUTES[route]
        try:
            target = entry.load()
        except Exception as error:  # noqa: BLE001  an upgrade may have removed the module; the screens stay usable
            self.say(f"{entry.title} cannot be opened: {type(error).__name__}: {error}", "bad")
            return None
        if not isinstance(target, type):
            target(self, then=then, **arguments)
            return None
        screen = target(**arguments)
        return self.switch_screen(screen) if replace else self.push_screen(screen, then)

    def palette_of(self, sd: StudyDir) -> TrialPalette:
        """Return the colours of a study's trials, the same on every screen."""
        return self._palettes.setdefault(sd.root, TrialPalette())

    def watch_study(self, facts: StudyFacts) -> None:
        """Alert the user, who may look elsewhere, to what has happened to a study since it was seen last."""
        for text in self._alerts.news(facts):
            self.say(text, "bad" if "fail" in text or "paused" in text else "good")
            if self.config.bell and self.terminal_driver is not None:
                self.terminal_driver.write(alert_sequence(text))

    def _post_background(self, reading: SourceReading) -> None:
        self.call_later(self._show_background, reading.result)

    def _show_background(self, changed: Sequence[StudyFacts]) -> None:
        """Alert the user to what has happened to studies that the screen in front does not watch itself."""
        for facts in changed:
            if not (isinstance(self.screen, TellsEvents) and self.screen.alerts_of(facts.key)):
                self.watch_study(facts)

    def action_open_installed(self, name: str) -> None:
        self.installed_screens.open(name)

    def _is_in_front(self, route: str) -> bool:
        front = type(self.screen)
        return routes.ROUTES[route].target == f"{front.__module__}:{front.__qualname__}"

    def say(self, text: str, meaning: str = "") -> None:
        """Show a message in the line at the bottom of the screen in front; `meaning` is its colour."""
        from hptui.tui.widgets.bars import MessageLine

        message = self.messages.add(shown(text), meaning) if text else None
        for screen in reversed(self.screen_stack):
            for line in screen.query(MessageLine):
                line.say(message)
                return

    def run_in_background(
        self, call: Callable[[], Any], text: str = "", then: Callable[[Any], object] | None = None
    ) -> None:
        """Call `call` in a thread, and show the text it returns, or its error.

        Args: `text` is shown while it runs; `then` gets the result, in the application's thread. Of a result that is a
        tuple, the first item is shown.
        """
        if text:
            self.say(text, "muted")
        self.run_worker(lambda: self._call_operation(call, then), thread=True, group="verbs", exit_on_error=False)

    def _call_operation(self, call: Callable[[], Any], then: Callable[[Any], object] | None) -> None:
        try:
            result = call()
        except HptuiError as error:
            self.post_message(OperationDone(one_line(error), ok=False))
        except Exception as error:  # noqa: BLE001  an operation that fails must not end the application
            self.post_message(OperationDone(f"a bug in hptui: {type(error).__name__}: {error}", ok=False))
        else:
            text = result[0] if isinstance(result, tuple) else result
            self.post_message(OperationDone(str(text), ok=True, result=(then, result) if then is not None else None))
        self.feed.wake()

    async def on_operation_done(self, message: OperationDone) -> None:
        """Show the result of an operation, and carry out what follows it.

        What follows may open another screen: the message is shown there.
        """
        if isinstance(message.result, tuple):
            then, result = message.result
            # The operation is done: clear the progress text before another screen covers it.
            self.say("")
            if isawaitable(pending := then(result)):
                await pending
        self.say(message.text, "" if message.ok else "bad")

    def copy(self, text: str | Callable[[], str], label: str) -> None:
        """Copy a text to every clipboard that can be reached. `text` may be a function, called in a thread.

        `label` names the text in the message that is shown.
        """

        def copy_text() -> tuple[str, str]:
            content = text if isinstance(text, str) else text()
            tmux, path = clipboard.copy_to_tmux(content), clipboard.copy_to_file(content)
            targets = [target for target in ("tmux" if tmux else "", str(path) if path else "") if target]
            return f"copied {label}" + (f" (also in {' and '.join(targets)})" if targets else ""), content

        self.run_in_background(copy_text, then=self._copy_to_terminal)

    def _copy_to_terminal(self, result: tuple[str, str]) -> None:
        sequence = clipboard.osc52_sequence(result[1])
        if sequence and self.terminal_driver is not None:
            self.terminal_driver.write(sequence)

    async def run_action(
        self, action: str | ActionParseResult, default_namespace: DOMNode | None = None, *arguments: Any, **others: Any
    ) -> bool:
        """Run an action; with `--readonly`, say why one that changes something is not carried out."""
        done = await super().run_action(action, default_namespace, *arguments, **others)
        scope = getattr(default_namespace, "scope", "")
        if not done and self.readonly and isinstance(action, str) and is_change(scope, action):
            self.say(READ_ONLY, "warn")
            return True
        return done

    # keys -----------------------------------------------------------------------------------------------------

    def action_theme(self) -> None:
        if not self._is_in_front("theme"):
            self.open("theme")

    def action_command_palette(self) -> None:
        if not CommandPalette.is_open(cast("App[object]", self)):
            self.push_screen(KeyPalette(id="--command-palette"))

    def action_messages(self) -> None:
        self.open("messages", messages=self.messages.messages)

    def action_help(self) -> None:
        if not self._is_in_front("help") and not isinstance(self.screen, CommandPalette):
            self.open("help", screen=self.screen)

    def action_system(self) -> None:
        if not self._is_in_front("system") and not isinstance(self.screen, CommandPalette):
            self.open("system")

    async def action_back(self) -> None:
        if self.is_nested:
            self.pop_screen()
        elif not self._is_in_front("studies"):
            self.open("studies", replace=True)

    async def action_leave(self) -> None:
        if self.is_nested:
            self.pop_screen()
        else:
            await self.action_quit()

    async def action_quit(self) -> None:
        alive = [sd.name for sd in list_studies(self.home) if runner_status(sd)["alive"]]
        self.exit(closing_message(alive))

    def action_redraw(self) -> None:
        self.forget_frame()
        self.refresh()
        for widget in self.screen.walk_children():
            widget.refresh()

    def action_pane(self, index: int) -> None:
        panes = [widget for widget in self.screen.focus_chain if widget.has_class("pane")]
        if index < len(panes):
            panes[index].focus()

    def action_zoom(self) -> None:
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif (pane := self.screen.focused) is not None:
            self.screen.maximize(pane, container=False)

    def get_system_commands(self, screen: Screen[Any]) -> Any:
        """Yield the commands of the palette that are no keys: one per theme."""
        for theme in THEMES:
            yield SystemCommand(
                f"Theme: {theme.name}", "colours of the screens", lambda name=theme.name: self._use_theme(name)
            )

    def _use_theme(self, theme: str) -> None:
        self.theme = theme


def _as_host(app: HptuiApp) -> Host:
    """Return the application as a host, so that the type checker compares the two."""
    return app


def closing_message(alive: list[str]) -> str:
    """Return the message that is printed when the screens close; `alive` are studies that run on."""
    if not alive:
        return ""
    names = ", ".join(alive[:3]) + (f" and {len(alive) - 3} more" if len(alive) > 3 else "")
    return f"{names} {'goes' if len(alive) == 1 else 'go'} on without you; come back with: hptui"
