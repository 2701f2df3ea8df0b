"""The search space of a study, to be edited: what an edit would mean is said before it becomes a revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hptui.model.errors import HptuiError
from hptui.model.format import duration, setting
from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.keys import bindings
from hptui.tui.screens.base import Place, app_of
from hptui.tui.spacerows import CONSTRAINT, SpaceRows
from hptui.tui.text import fit, plain, width_of
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine
from hptui.tui.widgets.table import Table

if TYPE_CHECKING:
    from hptui.actions.space import Draft, Meaning
    from hptui.model.space import Parameter
    from hptui.model.study import Study
    from hptui.model.trial import Value

BINS = 20


class SpaceScreen(Place):
    """Parameters and constraints on the left, on the right what the draft means."""

    scope = "space"
    BINDINGS: ClassVar[list[BindingType]] = bindings("space")

    def __init__(self, sd: StudyDir, proposed: Mapping[str, Mapping[str, Value]] | None = None, why: str = "") -> None:
        super().__init__()
        self.sd = sd
        self.rows = SpaceRows()
        self.before: Draft | None = None
        self.draft: Draft | None = None
        self.undone: list[Draft] = []
        self.meaning: Meaning | None = None
        self.wrong = ""
        self._study: Study | None = None
        self._saving: Draft | None = None
        self._leaves = False
        self._proposed, self._why = proposed, why

    def compose(self) -> ComposeResult:
        app = app_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="space-panes"):
            yield Table(self.rows, glyphs=app.glyphs, id="space", classes="pane")
            yield Facts(id="meaning", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one(Table).focus()
        self._begin()

    # reading --------------------------------------------------------------------------------------------------

    @work(thread=True, group="space")
    def _begin(self) -> None:
        from hptui.actions.space import draft_of
        from hptui.results.view import study_of

        try:
            draft, study = draft_of(self.sd), study_of(self.sd)
        except HptuiError as error:
            self.app.call_from_thread(app_of(self).say, str(error).replace("\n", " "), "bad")
            return
        self.app.call_from_thread(self._begun, draft, study)

    def _begun(self, draft: Draft, study: Study) -> None:
        self.before, self._study = draft, study
        for name, entry in (self._proposed or {}).items():
            draft = draft.put(name, entry)
        self._take(draft)
        self.undone = []

    def _take(self, draft: Draft) -> None:
        """Another draft; what it means is worked out beside."""
        assert self.before is not None
        if self.draft is not None:
            self.undone.append(self.draft)
        self.draft = draft
        self.rows.show(draft, self.before)
        self.query_one(Table).update()
        self._head()
        self._mean(draft)

    @work(thread=True, exclusive=True, group="meaning")
    def _mean(self, draft: Draft) -> None:
        from hptui.actions.space import mean

        try:
            found: Any = mean(self.sd, draft)
        except HptuiError as error:
            found = str(error)
        self.app.call_from_thread(self._meant, draft, found)

    def _meant(self, draft: Draft, found: Any) -> None:
        if draft is not self.draft:
            return
        self.meaning, self.wrong = (None, found) if isinstance(found, str) else (found, "")
        self._show()
        self._head()

    # showing --------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        changed = self.draft != self.before
        left = [Cell(plain(self.sd.name, 40), bold=True), Cell("search space", "muted")]
        if self.draft is not None and self.draft.stage:
            left.append(Cell(f"of the stage {plain(self.draft.stage, 40)}", "muted"))
        state = Cell("cannot be saved", "bad") if self.wrong else Cell("not saved yet", "warn") if changed else Cell("")
        self.query_one("#head", CellLine).show(left, [state])
        self.query_one("#space", Table).entitle("parameters and constraints")

    @on(Table.Moved, "#space")
    def _show(self) -> None:
        pane = self.query_one("#meaning", Facts)
        pane.title = "what it means"
        pane.entitle(pane.title)
        pane.show(self._lines())

    def _lines(self) -> list[list[Cell]]:
        if self.wrong:
            return [[Cell(plain(part, 300), "bad")] for part in self.wrong.splitlines()]
        found = self.meaning
        if found is None:
            return [[Cell("working it out…", "muted")]]
        lines: list[list[Cell]] = []
        name = self.query_one("#space", Table).key
        parameter = next((one for one in found.space.parameters if one.name == name), None)
        if parameter is not None:
            strip, where = self._stand(parameter)
            lines.append([Cell(plain(name, 60), "accent", bold=True)])
            lines += [[Cell(plain(strip, 200))], [Cell(plain(where, 100), "muted")]]
        lines += [[Cell(text)] for text in self.rows.cut(name)]
        if lines:
            lines.append([Cell("")])
        lines += _facts(found)
        if found.samples:
            names = ", ".join(found.samples[0])
            lines += [[Cell("")], [Cell(plain(f"random draws of {names}", 300), "muted")]]
            lines += [[Cell(plain(line, 300))] for line in _samples(found.samples)]
        return lines

    def _strip(self, parameter: Parameter) -> str:
        return "   ".join(self._stand(parameter))

    def _stand(self, parameter: Parameter) -> tuple[str, str]:
        """Where the best trials stand in a range: drawn, and in words."""
        from hptui.search.cube import at

        places = self._places(parameter)
        if not places:
            return "no trial has a value in this range", ""
        counts = [0] * BINS
        for place in places:
            counts[min(BINS - 1, int(place * BINS))] += 1
        bars = app_of(self).glyphs.bars
        most = max(counts)
        drawn = "".join(" " if not count else bars[round((len(bars) - 1) * count / most)] for count in counts)
        ends = setting(at(parameter, 0.0)), setting(at(parameter, 1.0))
        best = "the best trial stands" if len(places) == 1 else f"the best {len(places)} trials stand"
        return f"{ends[0]} |{drawn}| {ends[1]}", f"where {best}"

    def _places(self, parameter: Parameter) -> tuple[float, ...]:
        return self.meaning.places.get(parameter.name, ()) if self.meaning is not None else ()

    # keys -----------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        key = self.query_one("#space", Table).key
        if self.draft is None or not isinstance(key, str):
            return
        if key.startswith(f"{CONSTRAINT} "):
            self._edit_constraint(key.partition(" ")[2])
        elif key in self.draft.entries:
            self._form(key, self.draft.entries[key])

    @on(Table.Opened, "#space")
    def _opened(self) -> None:
        self.action_edit()

    def action_add(self) -> None:
        """A setting of the trainer, or a name of one's own."""
        from hptui.actions.space import settings_to_search
        from hptui.tui.screens.ask import Pick

        draft, study = self.draft, self._study
        if draft is None or study is None:
            return
        known = [(name, help_) for name, help_ in settings_to_search(study) if name not in draft.entries]
        other = "another name…"

        def take(choice: str | None) -> None:
            if choice is None:
                return
            name, _, about = choice.partition(" — ")
            self._form("" if choice == other else name, _usual(study, name), about)

        if not known:
            self._form("", {"low": 0.0, "high": 1.0})
            return
        self.app.push_screen(Pick("Add a parameter", [*(f"{name} — {text}" for name, text in known), other]), take)

    def _form(self, name: str, entry: Mapping[str, Value], about: str = "") -> None:
        from hptui.actions.space import entry_reader
        from hptui.tui.screens.entry import EntryScreen

        draft, study = self.draft, self._study
        if draft is None or study is None:
            return

        def take(found: tuple[str, dict[str, Value]] | None) -> None:
            if found is not None and self.draft is not None:
                self._take(self.draft.put(found[0], found[1], was=name))
                self.query_one("#space", Table).go_to(found[0])

        form = EntryScreen(name, entry, entry_reader(study), about=about, strip=self._strip, taken=tuple(draft.entries))
        self.app.push_screen(form, take)

    def action_constrain(self) -> None:
        self._edit_constraint("")

    def _edit_constraint(self, old: str) -> None:
        from hptui.model.expressions import parse
        from hptui.tui.screens.ask import Ask

        draft = self.draft
        if draft is None:
            return

        def take(text: str | None) -> None:
            if text is None or self.draft is None:
                return
            rest = list(self.draft.constraints)
            if old in rest:
                rest[rest.index(old)] = text.strip()
            elif text.strip():
                rest.append(text.strip())
            self._take(self.draft.bind(rest))

        hint = "for instance lora_rank * batch_size <= 128; empty takes it away"
        known = [*self._known()]
        check = lambda text: parse(text, known) if text.strip() else None
        self.app.push_screen(Ask("A constraint", old, hint=hint, check=check), take)

    def _known(self) -> set[str]:
        """Names that a constraint may speak of."""
        from hptui.actions.space import settings_to_search

        study, draft = self._study, self.draft
        if study is None or draft is None:
            return set()
        return {*draft.entries, *study.trainer.settings, *(name for name, _ in settings_to_search(study))}

    def action_drop(self) -> None:
        key = self.query_one("#space", Table).key
        if self.draft is None or not isinstance(key, str):
            return
        if key.startswith(f"{CONSTRAINT} "):
            text = key.partition(" ")[2]
            self._take(self.draft.bind([one for one in self.draft.constraints if one != text]))
        elif key in self.draft.entries:
            self._take(self.draft.put(key, None))

    def action_undo(self) -> None:
        if self.undone and self.before is not None:
            self.draft = self.undone.pop()
            self.rows.show(self.draft, self.before)
            self.query_one(Table).update()
            self._mean(self.draft)
            self._head()
        else:
            app_of(self).say("there is nothing to undo", "warn")

    def action_editor(self) -> None:
        """The study file in the user's editor; what comes back is checked and made a revision."""
        from hptui.tui.screens.editor import edit_file

        study = self._study
        if study is None:
            return
        if self.draft != self.before:
            app_of(self).say("save or undo the changes here first", "warn")
            return
        edit_file(app_of(self), self.sd, study, self._reload)

    def action_save(self) -> None:
        from hptui.tui import verbs
        from hptui.tui.screens.ask import Ask

        draft = self.draft
        if draft is None or draft == self.before:
            app_of(self).say("nothing has changed", "warn")
            return
        if self.wrong:
            app_of(self).say(self.wrong.replace("\n", " "), "bad")
            return

        def take(why: str | None) -> None:
            if why is not None:
                self._saving = draft
                app_of(self).carry_out(lambda: save(why), "saving…", self._reload)

        def save(why: str) -> str:
            try:
                return verbs.save_space(self.sd, draft, why)
            except Exception:
                self.app.call_from_thread(self._not_saved)
                raise

        hint = "why: kept with the revision. Trials that have been run keep what they ran with."
        self.app.push_screen(Ask("Save the search space", self._why, hint=hint), take)

    def _not_saved(self) -> None:
        self._saving, self._leaves = None, False

    def _reload(self, result: object = None) -> None:
        saved, leaves = self._saving == self.draft, self._leaves
        self._not_saved()
        if saved and leaves and self.is_current:
            self._leave()
            return
        self._proposed, self._why = None, ""
        self.draft = None
        self._begin()

    def action_leave_space(self) -> None:
        """Back, after asking where something would be lost. What is being saved is waited for."""
        if self.draft is not None and self.draft == self._saving:
            self._leaves = True
        elif self.draft != self.before and self.draft is not None:
            self.ask("Leave without saving?", ["The changes to the space are lost."], self._leave, yes="Leave")
        else:
            self._leave()

    def _leave(self) -> None:
        self.app.pop_screen()


def _usual(study: Study, name: str) -> dict[str, Value]:
    """An entry to begin with, around what the trainer has."""
    from hptui.trainers import registry

    info = (registry.schema(study.trainer.kind, study.directory) or {}).get(name)
    value = study.trainer.settings.get(name, info.default if info is not None else None)
    if info is not None and info.choices:
        return {"choices": list(info.choices)}
    if isinstance(value, bool):
        return {"choices": [False, True]}
    if isinstance(value, int) and value > 0:
        return {"low": max(1, value // 2), "high": value * 2, "int": True}
    if isinstance(value, float) and value > 0:
        return {"low": float(f"{value / 10:.2g}"), "high": float(f"{value * 10:.2g}"), "log": True}
    if isinstance(value, str) and value:
        return {"choices": [value]}
    return {"low": 0.0, "high": 1.0}


def _facts(found: Meaning) -> list[list[Cell]]:
    """What the draft means, a line each."""
    lines = []
    if found.configurations is not None:
        lines.append([Cell(f"{found.configurations:,} configurations", "good" if found.configurations else "bad")])
    share = f"{found.feasible:.1%}" if found.feasible < 0.995 else "all"
    lines.append([Cell(f"{share} of it keeps the constraints", "bad" if found.feasible < 0.01 else "")])
    if found.tried:
        said = f"{found.fits} of {found.tried} trials so far still inform it"
        lines.append([Cell(said, "good" if found.fits == found.tried else "warn")])
        if found.outside:
            some = ", ".join(map(str, found.outside[:12])) + ("…" if len(found.outside) > 12 else "")
            lines.append([Cell(f"outside of it: {some}", "muted")])
    if found.seconds is not None and found.trials_left:
        trials = "trial" if found.trials_left == 1 else "trials"
        lines.append([Cell(f"{found.trials_left} {trials} to come ≈ {duration(found.seconds)} on one slot", "muted")])
    return [*lines, *([Cell(plain(text, 300), "warn")] for text in found.warnings)]


def _samples(samples: Sequence[Mapping[str, Value]]) -> list[str]:
    """Draws, one to a line, their values below one another."""
    names = list(dict.fromkeys(name for sample in samples for name in sample))
    cells = [[setting(sample[name]) if name in sample else "–" for name in names] for sample in samples]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(fit(text, width) for text, width in zip(row, widths, strict=True)) for row in cells]
