"""The keys that steer single trials: the same in the table of a study and on the screen of a trial."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError
from hptui.core.format import duration
from hptui.core.space import Choice
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import plain_line
from hptui.tui.editor import edit_text
from hptui.tui.host import host_of
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.study import StudySnapshot, StudySource

if TYPE_CHECKING:
    from hptui.results.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True)
class TrialDraft:
    """A trial to queue: settings as typed, a name, a note, and the trial from whose checkpoint it goes on."""

    settings: dict[str, str]
    name: str
    note: str
    continues: int | None = None


def why_no_cure(view: View | None, trial: Trial, diagnosis: Diagnosis) -> str:
    """Return why no change is suggested; a trial may break a constraint that was added later."""
    if view is None or diagnosis.healthy:
        return diagnosis.sentence
    space = view.study.space
    try:
        violated = space.violated(view.base, space.settle(view.base, view.settings(trial)))
    except ExpressionError:  # what cannot be evaluated has ruled nothing out
        return diagnosis.sentence
    if not violated:
        return diagnosis.sentence
    named = ", ".join(plain_line(constraint.text, 60) for constraint in violated)
    return f"trial {trial.number} breaks the constraint {named} as it is, and what may help would not keep it"


def trials_text(numbers: Sequence[int]) -> str:
    """Return the trials in words: `trial 4`, `trials 4, 7, 9`."""
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"{'trial' if len(numbers) == 1 else 'trials'} {shown}"


class SteeringScreen(SourceScreen):
    """A screen from which trials are steered."""

    sd: StudyDir
    study_source: StudySource

    @property
    def snapshot(self) -> StudySnapshot | None:
        """The last read state of the study."""
        return self.study_source.latest

    @property
    def view(self) -> View | None:
        """The last read state of the study."""
        return self.snapshot.view if self.snapshot is not None else None

    def _trial(self, number: int) -> Trial | None:
        view = self.view
        return None if view is None else next((trial for trial in view.trials if trial.number == number), None)

    def open_trials(self, numbers: Sequence[int]) -> list[int]:
        """Return the trials that have not ended; show a message if there are none."""
        open_numbers = [
            number for number in numbers if (trial := self._trial(number)) is not None and trial.status.open
        ]
        if not open_numbers:
            host_of(self).say("that has ended already" if len(numbers) == 1 else "none of them runs or waits", "warn")
        return open_numbers

    def stop_trials(self, numbers: Sequence[int], *, now: bool = False) -> None:
        """Stop trials, after a confirmation; `now` kills them."""
        if not numbers:
            return
        verb, doing = ("Kill", "killing") if now else ("Stop", "stopping")
        alone = len(numbers) == 1
        ends = f"{'It ends' if alone else 'They end'} at once, without a last checkpoint."
        asked = f"{'It is' if alone else 'They are'} asked to save a checkpoint and end"
        view = self.view
        grace = f"; killed after {duration(view.study.resources.stop_grace)}" if view is not None else ""
        again = "It does not go on by itself; T runs it again." if alone else "They do not go on; T runs them again."
        details = [ends if now else f"{asked}{grace}.", again]
        self.ask(
            f"{verb} {trials_text(numbers)} of {self.sd.name}?",
            details,
            lambda: host_of(self).run_in_background(
                lambda: verbs.stop(self.sd, numbers, now=now),
                f"{doing} {trials_text(numbers)}…",
            ),
            yes=verb,
        )

    def hold_trials(self, numbers: Sequence[int]) -> None:
        """Pause the trials that run or wait; if there are none, resume the paused ones, also those at a rung."""
        trials = [trial for number in numbers if (trial := self._trial(number)) is not None]
        paused = [trial.number for trial in trials if trial.status is TrialStatus.PAUSED]
        active = [trial.number for trial in trials if trial.status in (TrialStatus.RUNNING, TrialStatus.WAITING)]
        host = host_of(self)
        if active:
            host.run_in_background(lambda: verbs.pause(self.sd, active), f"pausing {trials_text(active)}…")
        elif paused:
            host.run_in_background(lambda: verbs.resume(self.sd, paused), f"resuming {trials_text(paused)}…")
        else:
            host.say("only trials that run, wait or are paused can be held", "warn")

    def retry_trials(self, numbers: Sequence[int]) -> None:
        """Run trials again."""
        if numbers:
            host_of(self).run_in_background(
                lambda: verbs.retry(self.sd, numbers), f"asking for {trials_text(numbers)} again…"
            )

    def star_trials(self, numbers: Sequence[int]) -> None:
        """Star trials, so that they stand first; if all of them are starred, take the stars away."""
        if numbers and self.snapshot is not None:
            on = not set(numbers) <= self.snapshot.starred
            host_of(self).run_in_background(lambda: verbs.star(self.sd, numbers, on=on), "starring…")

    def note_trial(self, number: int) -> None:
        """Edit the note of a trial in a line."""
        trial = self._trial(number)
        if trial is None:
            return
        before = plain_line(trial.note, 20_000)

        def save_note(text: str | None) -> None:
            if text is not None and text != before:
                host_of(self).run_in_background(lambda: verbs.note(self.sd, number, text), "noting…")

        self.app.push_screen(
            TextDialog(f"Note on trial {number}", trial.note, hint="empty takes it away; E opens $EDITOR"), save_note
        )

    def write_note(self, number: int) -> None:
        """Edit the note of a trial in the user's editor, where it may have several lines."""
        trial = self._trial(number)
        if trial is not None and (text := edit_text(host_of(self), trial.note)) is not None:
            host_of(self).run_in_background(lambda: verbs.note(self.sd, number, text), "noting…")

    def clone_trial(self, number: int | None, changes: Mapping[str, Value] | None = None, note: str = "") -> None:
        """Queue a trial by a form with a trial's settings (None: the baseline's) and `changes`."""
        view = self.view
        if view is None:
            return
        trial = self._trial(number) if number is not None else None

        def queue(form: TrialDraft | None) -> None:
            if form is not None:
                host_of(self).run_in_background(
                    lambda: verbs.add(self.sd, form.settings, name=form.name, note=form.note, continues=form.continues),
                    "queueing…",
                )

        step = verbs.last_checkpoint(self.sd, trial.number) if trial is not None else None
        host_of(self).open("clone", view=view, trial=trial, changes=changes, note=note, step=step, then=queue)

    def cure_trial(self, trial: Trial, diagnosis: Diagnosis) -> None:
        """Queue a trial with a change that may help: show the form with that change."""
        if not diagnosis.suggestions:
            host_of(self).say(f"nothing to change: {why_no_cure(self.view, trial, diagnosis)}", "warn")
            return
        sentences = [remedy.sentence for remedy in diagnosis.suggestions]

        def choose(sentence: str | None) -> None:
            if sentence is not None:
                remedy = diagnosis.suggestions[sentences.index(sentence)]
                self.clone_trial(trial.number, remedy.changes, f"{diagnosis.kind}: {remedy.sentence}")

        if len(sentences) == 1:
            choose(sentences[0])
        else:
            self.app.push_screen(ChoiceDialog(f"What may help trial {trial.number}", sentences), choose)

    def cure_space(self, trial: Trial, diagnosis: Diagnosis) -> None:
        """Open the search space without the values that a trial failed at."""
        view = self.view
        if view is None:
            return
        proposed = entries_without(view, trial, diagnosis)
        if not proposed:
            host_of(self).say("no parameter of the space has a larger value that the trial failed at", "warn")
            return
        why = f"trial {trial.number}: {diagnosis.kind}"
        host_of(self).open("space", sd=self.sd, proposed=proposed, why=why)

    def copy_config(self, number: int) -> None:
        """Copy the trial's configuration, as `hptui export --format yaml` writes it."""
        host_of(self).copy(lambda: verbs.config_yaml(self.sd, number), f"the configuration of trial {number}")

    def copy_command(self, number: int) -> None:
        """Copy the command that shows this trial in a shell."""
        home = str(self.sd.root.parent)
        command = ["hptui", "--home", home, "show", self.sd.name, str(number)]
        host_of(self).copy(shlex.join(command), "the command that shows it")


def entries_without(view: View, trial: Trial, diagnosis: Diagnosis) -> dict[str, dict[str, Value]]:
    """Return entries of the space without the values that a trial failed at.

    Only settings that a suggestion makes smaller are narrowed.
    """
    settings: dict[str, Any] = view.settings(trial)
    entries: dict[str, dict[str, Value]] = {}
    changes: list[tuple[str, Any]] = [pair for remedy in diagnosis.suggestions for pair in remedy.changes.items()]
    to_narrow = {
        name for name, value in changes if is_number(value) and is_number(settings.get(name)) and value < settings[name]
    }
    for parameter in view.study.space.parameters:
        value = settings.get(parameter.name)
        if parameter.name not in to_narrow or not is_number(value):
            continue
        note: dict[str, Value] = {"note": parameter.note} if parameter.note else {}
        if isinstance(parameter, Choice):
            choices = [choice for choice in parameter.choices if not is_number(choice) or choice < value]
            if choices and len(choices) < len(parameter.choices):
                entries[parameter.name] = {"choices": list(choices), **note}
        elif parameter.low < value <= parameter.high:
            new_high = (value - (parameter.step or 1)) if isinstance(parameter.low, int) else 0.75 * value
            if new_high > parameter.low:
                log: dict[str, Value] = {"log": True} if parameter.log else {}
                integer: dict[str, Value] = {"int": True} if isinstance(parameter.low, int) else {}
                entries[parameter.name] = {"low": parameter.low, "high": new_high, **log, **integer, **note}
    return entries
