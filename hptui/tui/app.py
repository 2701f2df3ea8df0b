"""The program: screens over one feed. It holds what all of them share, and nothing of a study."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App, InvalidThemeError, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from hptui.model.clean import clean
from hptui.model.errors import HptuiError
from hptui.storage.paths import StudyDir
from hptui.tui import ahead, clipboard
from hptui.tui.commands import KeyCommands
from hptui.tui.config import Config
from hptui.tui.driver import Seen, TerminalDriver
from hptui.tui.feed import Feed
from hptui.tui.glyphs import PLAIN, RICH, Glyphs
from hptui.tui.keys import bindings, keymap
from hptui.tui.messages import Answered
from hptui.tui.screens.base import Place
from hptui.tui.themes import DEFAULTS, THEMES
from hptui.tui.typed import Typed


class HptuiApp(App[str]):
    """Opens on the studies of `home`, or on one of them. Its result is the sentence said after it has closed."""

    CSS_PATH = "app.tcss"
    TITLE = "hptui"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[Any]] = {KeyCommands}
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
        self.glyphs: Glyphs = PLAIN if self.config.charts == "ascii" else RICH
        self._study = study
        self._typed = Typed(self)
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        try:
            self.theme = self.config.theme
        except InvalidThemeError:
            self.theme = "dark"
        chosen, self._problems = keymap(self.config.keys)
        self._problems += list(self.config.problems)
        if self.config.theme not in {theme.name for theme in THEMES} | set(BUILTIN_THEMES):
            self._problems.append(f"there is no theme {self.config.theme!r}")
        self.set_keymap(chosen)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def _first(self) -> Screen[Any]:
        """What opens first. It lies on an empty screen, since Textual cannot replace the one at the bottom."""
        if self._study is not None:
            from hptui.tui.screens.study import StudyScreen

            return StudyScreen(self._study)
        from hptui.tui.screens.studies import StudiesScreen

        return StudiesScreen()

    @property
    def deep(self) -> bool:
        """Whether the screen in front lies on another one."""
        return len(self.screen_stack) > 2

    def on_mount(self) -> None:
        self.set_class(self.config.charts == "ascii", "-ascii")
        self.set_class(self.config.slow, "-slow-line")
        self._heed_signals()
        self.feed.start()
        self.push_screen(self._first())
        self.set_timer(ahead.REST, ahead.begin)
        if self._problems:
            self.call_after_refresh(self.say, "; ".join(self._problems), "warn")

    def watch_theme(self, theme: str) -> None:
        self.set_class(self.current_theme.ansi, "-ansi-colours")

    def open_study(self, sd: StudyDir) -> Awaitable[None]:
        """Go to a study."""
        from hptui.tui.screens.study import StudyScreen

        return self.push_screen(StudyScreen(sd))

    def on_unmount(self) -> None:
        self.feed.close()

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        return TerminalDriver if usual is LinuxDriver else usual

    @property
    def behind(self) -> bool:
        """Whether the terminal is still busy with what was drawn before."""
        return isinstance(self._driver, TerminalDriver) and self._driver.behind

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Textual writes here what it has drawn."""
        if isinstance(self._driver, TerminalDriver) and not self._batch_count:
            renderable = self._driver.painted.changes(renderable) if renderable is not None else None
            super()._display(screen, renderable)
            self._driver.ask()
        else:
            super()._display(screen, renderable)

    def on_resize(self) -> None:
        self._forget()

    def _forget(self) -> None:
        if isinstance(self._driver, TerminalDriver):
            self._driver.painted.forget()

    def on_seen(self, message: Seen) -> None:
        if message.slow and not self.has_class("-slow-line"):
            self.add_class("-slow-line")
        if isinstance(self.screen, Place):
            self.screen.catch_up()

    def _heed_signals(self) -> None:
        """Leave in order when told to, or when the terminal is gone: it is then as it was before."""
        import asyncio

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread
                loop.add_signal_handler(number, self.exit)

    # what screens ask for -------------------------------------------------------------------------------------

    def say(self, text: str, meaning: str = "") -> None:
        """A sentence in the line at the bottom of the screen in front."""
        from hptui.tui.widgets.lineui import Answer

        for screen in reversed(self.screen_stack):
            for line in screen.query(Answer):
                line.say(clean(text), meaning)
                return

    def carry_out(self, call: Callable[[], Any], doing: str = "", then: Callable[[Any], object] | None = None) -> None:
        """Call a verb in a thread; its sentence, or its error, is said when it comes."""
        if doing:
            self.say(doing, "muted")
        self.run_worker(lambda: self._call(call, then), thread=True, group="verbs", exit_on_error=False)

    def _call(self, call: Callable[[], Any], then: Callable[[Any], object] | None) -> None:
        try:
            result = call()
        except HptuiError as error:
            self.post_message(Answered(str(error).replace("\n", " "), ok=False))
        except Exception as error:  # noqa: BLE001  a verb that fails must not take the screens with it
            self.post_message(Answered(f"a bug in hptui: {type(error).__name__}: {error}", ok=False))
        else:
            text = result[0] if isinstance(result, tuple) else result
            self.post_message(Answered(str(text), ok=True, result=(then, result) if then is not None else None))
        self.feed.wake()

    async def on_answered(self, message: Answered) -> None:
        """What follows may open another screen: the sentence is said there."""
        if isinstance(message.result, tuple):
            then, result = message.result
            self.say("")  # what was being done is done, also where another screen comes to lie over it
            if isawaitable(opened := then(result)):
                await opened
        self.say(message.text, "" if message.ok else "bad")

    def copy(self, text: str | Callable[[], str], what: str) -> None:
        """To every clipboard that there is. The text may be made in a thread."""

        def elsewhere() -> tuple[str, str]:
            made = text if isinstance(text, str) else text()
            tmux, path = clipboard.to_tmux(made), clipboard.to_file(made)
            ways = [way for way in ("tmux" if tmux else "", str(path) if path else "") if way]
            return f"copied {what}" + (f" (also in {' and '.join(ways)})" if ways else ""), made

        self.carry_out(elsewhere, then=self._to_terminal)

    def _to_terminal(self, result: tuple[str, str]) -> None:
        sequence = clipboard.sequence(result[1])
        if sequence and self._driver is not None:
            self._driver.write(sequence)

    # keys -----------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Who is leaving opens nothing any more: keys that were typed ahead are not taken."""
        if self._exit and isinstance(event, events.InputEvent):
            return
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._typed.take(event):
            await super().on_event(event)
            self._typed.given()

    def action_help(self) -> None:
        from hptui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen | CommandPalette):
            self.push_screen(HelpScreen(self.screen))

    def action_system(self) -> None:
        from hptui.tui.screens.system import SystemScreen

        if not isinstance(self.screen, SystemScreen | CommandPalette):
            self.push_screen(SystemScreen())

    async def action_back(self) -> None:
        from hptui.tui.screens.studies import StudiesScreen

        if self.deep:
            self.pop_screen()
        elif not isinstance(self.screen, StudiesScreen):
            self.switch_screen(StudiesScreen())

    async def action_leave(self) -> None:
        if self.deep:
            self.pop_screen()
        else:
            await self.action_quit()

    async def action_quit(self) -> None:
        from hptui.actions.process import holder
        from hptui.storage.paths import studies_in

        alive = [sd.name for sd in studies_in(self.home) if holder(sd)["alive"]]
        self.exit(goodbye(alive))

    def action_redraw(self) -> None:
        self._forget()
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
        for theme in THEMES:
            yield SystemCommand(
                f"Theme: {theme.name}", "colours of the screens", lambda name=theme.name: self._use(name)
            )

    def _use(self, theme: str) -> None:
        self.theme = theme


def goodbye(alive: list[str]) -> str:
    """What is said when the screens close."""
    if not alive:
        return ""
    names = ", ".join(alive[:3]) + (f" and {len(alive) - 3} more" if len(alive) > 3 else "")
    goes = "goes" if len(alive) == 1 else "go"
    return f"{names} {goes} on without you; come back with: hptui"
