"""The search space of a study, to be edited; the effect of an edit is shown before it becomes a revision."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hptui.core.errors import HptuiError
from hptui.core.format import setting
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import Cell, one_line, plain_line
from hptui.tui.editor import edit_file
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.dialogs import TextDialog
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.space_rows import CONSTRAINT_PREFIX, SpaceRows, effect_lines, sample_lines
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.table import TableWidget

if TYPE_CHECKING:
    from hptui.core.space import Parameter
    from hptui.core.study import Study
    from hptui.core.trial import Value
    from hptui.operations.space import DraftEffect, SpaceDraft

MIN_FEASIBLE = 0.01
"""Share of a space that keeps its constraints, below which saving it warns."""
HISTOGRAM_BINS = 20
"""Bins of the histogram of the best trials."""


class SpaceScreen(SourceScreen):
    """Parameters and constraints on the left, the effect of the draft on the right."""

    scope = "space"
    BINDINGS: ClassVar[list[BindingType]] = bindings("space")

    def __init__(self, sd: StudyDir, proposed: Mapping[str, Mapping[str, Value]] | None = None, why: str = "") -> None:
        super().__init__()
        self.sd = sd
        self.rows = SpaceRows()
        self.before: SpaceDraft | None = None
        self.draft: SpaceDraft | None = None
        self.undo_stack: list[SpaceDraft] = []
        self.meaning: DraftEffect | None = None
        self.problem = ""
        self._study: Study | None = None
        self._saving: SpaceDraft | None = None
        self._leave_when_saved = False
        self._proposed_entries, self._why = proposed, why

    def compose(self) -> ComposeResult:
        host = host_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="space-panes"):
            yield TableWidget(self.rows, glyphs=host.glyphs, id="space", classes="pane")
            yield Facts(id="meaning", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one(TableWidget).focus()
        self._read_draft()

    # reading --------------------------------------------------------------------------------------------------

    @work(thread=True, group="space")
    def _read_draft(self) -> None:
        from hptui.operations.space import draft_of
        from hptui.results.view import read_study

        try:
            draft, study = draft_of(self.sd), read_study(self.sd)
        except HptuiError as error:
            self.app.call_from_thread(host_of(self).say, one_line(error), "bad")
            return
        self.call_if_open(self._draft_was_read, draft, study)

    def _draft_was_read(self, draft: SpaceDraft, study: Study) -> None:
        self.before, self._study = draft, study
        for name, entry in (self._proposed_entries or {}).items():
            draft = draft.with_entry(name, entry)
        self._set_draft(draft)
        self.undo_stack = []

    def _set_draft(self, draft: SpaceDraft) -> None:
        """Set the draft; the one before can be taken back."""
        assert self.before is not None
        if self.draft is not None:
            self.undo_stack.append(self.draft)
        self._show_draft(draft)

    def _show_draft(self, draft: SpaceDraft) -> None:
        """Show a draft; its effect is computed in a thread, and that of the draft before is no longer shown."""
        assert self.before is not None
        self.draft, self.meaning, self.problem = draft, None, ""
        self.rows.show(draft, self.before)
        self.query_one(TableWidget).update()
        self._update_head()
        self._show_effect()
        self._compute_effect(draft)

    @work(thread=True, exclusive=True, group="meaning")
    def _compute_effect(self, draft: SpaceDraft) -> None:
        from hptui.operations.space import effect_of

        try:
            effect: Any = effect_of(self.sd, draft)
        except HptuiError as error:
            effect = str(error)
        self.call_if_open(self._effect_was_computed, draft, effect)

    def _effect_was_computed(self, draft: SpaceDraft, effect: Any) -> None:
        if draft is not self.draft:
            return
        self.meaning, self.problem = (None, effect) if isinstance(effect, str) else (effect, "")
        self._show_effect()
        self._update_head()

    # showing --------------------------------------------------------------------------------------------------

    def _update_head(self) -> None:
        changed = self.draft != self.before
        left = [Cell(plain_line(self.sd.name, 40), bold=True), Cell("search space", "muted")]
        if self.draft is not None and self.draft.stage:
            left.append(Cell(f"of the stage {plain_line(self.draft.stage, 40)}", "muted"))
        state = (
            Cell("cannot be saved", "bad") if self.problem else Cell("not saved yet", "warn") if changed else Cell("")
        )
        self.query_one("#head", CellLine).show(left, [state])
        self.query_one("#space", TableWidget).set_title("parameters and constraints")

    @on(TableWidget.Moved, "#space")
    def _show_effect(self) -> None:
        pane = self.query_one("#meaning", Facts)
        pane.title = "what it means"
        pane.set_title(pane.title)
        pane.show(self._pane_lines())

    def _pane_lines(self) -> list[list[Cell]]:
        if self.problem:
            return [[Cell(plain_line(part, 300), "bad")] for part in self.problem.splitlines()]
        effect = self.meaning
        if effect is None:
            return [[Cell("working it out…", "muted")]]
        lines: list[list[Cell]] = []
        selected = self.query_one("#space", TableWidget).key
        parameter = next((candidate for candidate in effect.space.parameters if candidate.name == selected), None)
        if parameter is not None:
            histogram, description = self._histogram(parameter)
            lines.append([Cell(plain_line(selected, 60), "accent", bold=True)])
            lines += [[Cell(plain_line(histogram, 200))], [Cell(plain_line(description, 100), "muted")]]
            if self.draft is not None and (when := self.draft.entries.get(str(selected), {}).get("when")):
                lines.append([Cell(f"only when {plain_line(str(when), 200)}", "warn")])
        lines += [[Cell(text)] for text in self.rows.cut_texts(selected)]
        if lines:
            lines.append([Cell("")])
        lines += effect_lines(effect)
        if effect.samples:
            headings, *draws = sample_lines(effect.samples, self.query_one("#meaning", Facts).size.width)
            lines += [[Cell("")], [Cell("random draws", "muted")], [Cell(plain_line(headings, 300), "muted")]]
            lines += [[Cell(plain_line(line, 300))] for line in draws]
        return lines

    def _histogram_text(self, parameter: Parameter) -> str:
        return "   ".join(self._histogram(parameter))

    def _histogram(self, parameter: Parameter) -> tuple[str, str]:
        """Return a histogram of the best trials in a parameter's range, and its description."""
        from hptui.core.unit_cube import value_at

        positions = self._best_positions(parameter)
        if not positions:
            return "no trial has a value in this range", ""
        counts = [0] * HISTOGRAM_BINS
        for position in positions:
            counts[min(HISTOGRAM_BINS - 1, int(position * HISTOGRAM_BINS))] += 1
        bars = host_of(self).glyphs.bars
        max_count = max(counts)
        histogram = "".join(" " if not count else bars[round((len(bars) - 1) * count / max_count)] for count in counts)
        ends = setting(value_at(parameter, 0.0)), setting(value_at(parameter, 1.0))
        best = "the best trial stands" if len(positions) == 1 else f"the best {len(positions)} trials stand"
        return f"{ends[0]} |{histogram}| {ends[1]}", f"where {best}"

    def _best_positions(self, parameter: Parameter) -> tuple[float, ...]:
        return self.meaning.positions_of_best.get(parameter.name, ()) if self.meaning is not None else ()

    # keys -----------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        key = self.query_one("#space", TableWidget).key
        if self.draft is None or self._study is None or not isinstance(key, str):
            return
        if key.startswith(f"{CONSTRAINT_PREFIX} "):
            self._edit_constraint(key.partition(" ")[2])
        elif key in self.draft.entries:
            host_of(self).open(
                "parameter",
                study=self._study,
                parameter=key,
                entry=self.draft.entries[key],
                histogram=self._histogram_text,
                then=self._put_entry,
            )

    @on(TableWidget.Opened, "#space")
    def _opened(self) -> None:
        self.action_edit()

    def action_add(self) -> None:
        """Add a setting of the trainer, or a parameter of another name."""
        if self.draft is not None and self._study is not None:
            host_of(self).open(
                "add_parameter",
                study=self._study,
                taken=tuple(self.draft.entries),
                histogram=self._histogram_text,
                then=self._put_entry,
            )

    def _put_entry(self, result: tuple[str, dict[str, Value]] | None) -> None:
        if result is not None and self.draft is not None:
            self._set_draft(self.draft.with_entry(*result))
            self.query_one("#space", TableWidget).go_to(result[0])

    def action_constrain(self) -> None:
        self._edit_constraint("")

    def _edit_constraint(self, old: str) -> None:
        if self.draft is not None and self._study is not None:
            names = {*self.draft.entries, *self._study.trainer.settings}
            put = partial(self._put_constraint, old)
            host_of(self).open("constraint", study=self._study, names=names, text=old, then=put)

    def _put_constraint(self, old: str, text: str | None) -> None:
        if text is None or self.draft is None:
            return
        constraints = list(self.draft.constraints)
        if old in constraints:
            constraints[constraints.index(old)] = text.strip()
        elif text.strip():
            constraints.append(text.strip())
        self._set_draft(self.draft.with_constraints(constraints))

    def action_drop(self) -> None:
        key = self.query_one("#space", TableWidget).key
        if self.draft is None or not isinstance(key, str):
            return
        if key.startswith(f"{CONSTRAINT_PREFIX} "):
            text = key.partition(" ")[2]
            self._set_draft(
                self.draft.with_constraints([constraint for constraint in self.draft.constraints if constraint != text])
            )
        elif key in self.draft.entries:
            self._set_draft(self.draft.with_entry(key, None))

    def action_undo(self) -> None:
        if self.undo_stack and self.before is not None:
            self._show_draft(self.undo_stack.pop())
        else:
            host_of(self).say("there is nothing to undo", "warn")

    def action_editor(self) -> None:
        """Open the study file in the user's editor; a changed file is checked and becomes a revision."""
        study = self._study
        if study is None:
            return
        if self.draft != self.before:
            host_of(self).say("save or undo the changes here first", "warn")
            return
        edit_file(host_of(self), self.sd, study, self._reload)

    def action_save(self) -> None:
        draft = self.draft
        if draft is None or draft == self.before:
            host_of(self).say("nothing has changed", "warn")
            return
        if self.problem:
            host_of(self).say(one_line(self.problem), "bad")
            return

        def start_saving(why: str | None) -> None:
            if why is not None:
                self._saving = draft
                host_of(self).run_in_background(lambda: save(why), "saving…", self._reload)

        def save(why: str) -> str:
            try:
                return verbs.save_space(self.sd, draft, why)
            except Exception:
                # Whatever the error, the draft is no longer being saved. It is raised again, and then shown.
                self.call_if_open(self._saving_ended)
                raise

        hint = "why: kept with the revision. Trials that have been run keep what they ran with."
        if self.meaning is not None and self.meaning.feasible < MIN_FEASIBLE:
            hint = f"Hardly anything keeps the constraints: the study may find nothing to try.\n{hint}"
        self.app.push_screen(TextDialog("Save the search space", self._why, hint=hint), start_saving)

    def _saving_ended(self) -> None:
        self._saving, self._leave_when_saved = None, False

    def _reload(self, result: object = None) -> None:
        was_saved, leave_after = self._saving == self.draft, self._leave_when_saved
        self._saving_ended()
        if was_saved and leave_after and self.is_current:
            self._leave()
            return
        self._proposed_entries, self._why = None, ""
        self.draft = None
        self._read_draft()

    def action_leave_space(self) -> None:
        """Go back, after a confirmation if changes would be lost. While a draft is being saved, wait for that."""
        if self.draft is not None and self.draft == self._saving:
            self._leave_when_saved = True
        elif self.draft != self.before and self.draft is not None:
            self.ask("Leave without saving?", ["The changes to the space are lost."], self._leave, yes="Leave")
        else:
            self._leave()

    def _leave(self) -> None:
        self.app.pop_screen()
