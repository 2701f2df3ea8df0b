"""Keys that steer single trials: the same for the table of a study and the screen of a trial."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hptui.model.trial import Trial, TrialStatus, Value
from hptui.results.view import View
from hptui.storage.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.screens.base import Place, app_of
from hptui.tui.text import plain

if TYPE_CHECKING:
    from hptui.results.diagnosis import Diagnosis


def listed(numbers: Sequence[int]) -> str:
    """`trial 4`, `trials 4, 7, 9`."""
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"{'trial' if len(numbers) == 1 else 'trials'} {shown}"


class Steering(Place):
    """A screen from which trials are steered."""

    sd: StudyDir

    @property
    def view(self) -> View | None:
        """The study as it was seen last."""
        raise NotImplementedError

    def _trial(self, number: int) -> Trial | None:
        view = self.view
        return None if view is None else next((trial for trial in view.trials if trial.number == number), None)

    def stop_trials(self, numbers: Sequence[int], *, now: bool = False) -> None:
        """End them, after asking."""
        if not numbers:
            return
        word = "Kill" if now else "Stop"
        details = ["They end at once, without a last checkpoint." if now else "They save a checkpoint and end."]
        details.append("They do not go on by themselves; T runs them again.")
        self.ask(
            f"{word} {listed(numbers)} of {self.sd.name}?",
            details,
            lambda: app_of(self).carry_out(
                lambda: verbs.stop(self.sd, numbers, now=now),
                f"{word.lower()}ing {listed(numbers)}…".replace("pi", "ppi"),
            ),
            yes=word,
        )

    def hold_trials(self, numbers: Sequence[int]) -> None:
        """Pause what runs or waits; let go on what is paused."""
        trials = [trial for number in numbers if (trial := self._trial(number)) is not None]
        paused = [trial.number for trial in trials if trial.status is TrialStatus.PAUSED]
        active = [t.number for t in trials if t.status in (TrialStatus.RUNNING, TrialStatus.WAITING)]
        app = app_of(self)
        if active:
            app.carry_out(lambda: verbs.pause(self.sd, active), f"pausing {listed(active)}…")
        elif paused:
            app.carry_out(lambda: verbs.resume(self.sd, paused), f"resuming {listed(paused)}…")
        else:
            app.say("only trials that run, wait or are paused can be held", "warn")

    def retry_trials(self, numbers: Sequence[int]) -> None:
        """Run them again."""
        if numbers:
            app_of(self).carry_out(lambda: verbs.retry(self.sd, numbers), f"asking for {listed(numbers)} again…")

    def note_trial(self, number: int) -> None:
        """Edit the note beside a trial."""
        from hptui.tui.screens.ask import Ask

        trial = self._trial(number)
        if trial is None:
            return
        before = plain(trial.note, 20_000)

        def take(text: str | None) -> None:
            if text is not None and text != before:
                app_of(self).carry_out(lambda: verbs.note(self.sd, number, text), "noting…")

        self.app.push_screen(
            Ask(f"Note on trial {number}", trial.note, hint="empty takes it away; E opens $EDITOR"), take
        )

    def write_note(self, number: int) -> None:
        """The same in the user's editor: a note may have several lines."""
        from hptui.tui.screens.editor import edit_text

        trial = self._trial(number)
        if trial is not None and (text := edit_text(app_of(self), trial.note)) is not None:
            app_of(self).carry_out(lambda: verbs.note(self.sd, number, text), "noting…")

    def clone_trial(self, number: int | None, changes: Mapping[str, Value] | None = None, note: str = "") -> None:
        """A form with a trial's settings (None: the baseline's) and `changes`; what stands in it is queued."""
        from hptui.tui.screens.clone import CloneScreen, Queued

        view = self.view
        if view is None:
            return
        trial = self._trial(number) if number is not None else None

        def take(found: Queued | None) -> None:
            if found is not None:
                app_of(self).carry_out(
                    lambda: verbs.add(
                        self.sd, found.settings, name=found.name, note=found.note, continues=found.continues
                    ),
                    "queueing…",
                )

        step = verbs.last_checkpoint(self.sd, trial.number) if trial is not None else None
        self.app.push_screen(CloneScreen(view, trial, changes, note, step), take)

    def cure_trial(self, trial: Trial, found: Diagnosis) -> None:
        """Queue the trial with a change that may help: the form, with the change in it."""
        from hptui.tui.screens.ask import Pick

        if not found.remedies:
            app_of(self).say(f"nothing to change: {found.sentence}", "warn")
            return
        sentences = [remedy.sentence for remedy in found.remedies]

        def take(sentence: str | None) -> None:
            if sentence is not None:
                remedy = found.remedies[sentences.index(sentence)]
                self.clone_trial(trial.number, remedy.changes, f"{found.kind}: {remedy.sentence}")

        if len(sentences) == 1:
            take(sentences[0])
        else:
            self.app.push_screen(Pick(f"What may help trial {trial.number}", sentences), take)

    def cure_space(self, trial: Trial, found: Diagnosis) -> None:
        """Open the search space with what a trial failed at taken out."""
        from hptui.tui.screens.space import SpaceScreen

        view = self.view
        if view is None:
            return
        proposed = without(view, trial, found)
        if not proposed:
            app_of(self).say("no parameter of the space has a larger value that the trial failed at", "warn")
            return
        why = f"trial {trial.number}: {found.kind}"
        self.app.push_screen(SpaceScreen(self.sd, proposed, why))

    def copy_config(self, number: int) -> None:
        """The trial's configuration, as `hptui export --format yaml` writes it."""
        app_of(self).copy(lambda: verbs.config(self.sd, number), f"the configuration of trial {number}")

    def copy_command(self, number: int) -> None:
        """The command that shows this trial in a shell."""
        home = str(self.sd.root.parent)
        words = ["hptui", "--home", home, "show", self.sd.name, str(number)]
        app_of(self).copy(shlex.join(words), "the command that shows it")


def without(view: View, trial: Trial, found: Diagnosis) -> dict[str, dict[str, Value]]:
    """Entries of the space without the values that the trial failed at, for the settings that a cure makes smaller."""
    from hptui.model.space import Choice
    from hptui.model.values import is_number

    settings: dict[str, Any] = view.settings(trial)
    entries: dict[str, dict[str, Value]] = {}
    changes: list[tuple[str, Any]] = [pair for remedy in found.remedies for pair in remedy.changes.items()]
    smaller = {
        name for name, value in changes if is_number(value) and is_number(settings.get(name)) and value < settings[name]
    }
    for parameter in view.study.space.parameters:
        value = settings.get(parameter.name)
        if parameter.name not in smaller or not is_number(value):
            continue
        note: dict[str, Value] = {"note": parameter.note} if parameter.note else {}
        if isinstance(parameter, Choice):
            kept = [one for one in parameter.choices if not is_number(one) or one < value]
            if kept and len(kept) < len(parameter.choices):
                entries[parameter.name] = {"choices": list(kept), **note}
        elif parameter.low < value <= parameter.high:
            top = (value - (parameter.step or 1)) if isinstance(parameter.low, int) else 0.75 * value
            if top > parameter.low:
                log: dict[str, Value] = {"log": True} if parameter.log else {}
                whole: dict[str, Value] = {"int": True} if isinstance(parameter.low, int) else {}
                entries[parameter.name] = {"low": parameter.low, "high": top, **log, **whole, **note}
    return entries
