"""The trainer `command`: run the user's script, record the most trusted source of each metric, classify its end.

It also warns of an objective that no source has reported, though the script has written it into a file."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.core.errors import Unsupported, UserError
from hptui.core.masking import masked_command, recordable_variables
from hptui.core.trial import CURVE_INCOMPLETE, Reason, Role, Value
from hptui.scripts import resume
from hptui.scripts.arguments import ComposedCommand, compose_command, copy_mark
from hptui.scripts.earlier_runs import found_files
from hptui.scripts.exit_status import classify_script_end
from hptui.scripts.launch import CommandLaunch, found_its_port_taken, free_port, processes_of_mpi
from hptui.scripts.launchers import with_tags
from hptui.scripts.links import make_links, source_directory
from hptui.scripts.metrics.ranks import labels_lines
from hptui.scripts.metrics.reduction import RankReduction
from hptui.scripts.observe import ScriptObserver, make_line_reader
from hptui.scripts.process import RunCallbacks, ScriptResult, adopt_orphans, run_command
from hptui.scripts.program import code_facts, is_python, program_path, why_tap_is_hidden
from hptui.scripts.recover import EarlierAttempts, recover_points
from hptui.scripts.refusal import refusal
from hptui.scripts.settings import CommandTable, read_command_spec
from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import Failure

OUTPUT_DIRECTORY = "output"
"""Name of `{trial_dir}` in the trial's directory: a script cannot overwrite what hptui keeps outside it."""
UNSAID_FACT = "not_said"
"""Fact of a trial: the parameters that did not reach its script."""

RANKS_DIRECTORY = "ranks"
"""Name of the directory in the attempt's with what each rank of torchrun wrote."""
REPORTS_FILE, STOP_FILE = "reports.jsonl", "stop"
TAP_DIRECTORY = Path(__file__).resolve().parent / "metrics" / "tap"


class ScriptTrainer:
    """The trainer, for one attempt."""

    def foresee(self, settings: Mapping[str, Value], trial: TrialContext) -> None:
        """Find the checkpoint to resume from, and record the code that runs, before anything starts."""
        spec = read_command_spec(settings)
        gpus = _visible_gpus() if trial.device == "cuda" else 0
        self._launch = CommandLaunch(spec.settings.launch, spec.settings.command, gpus, trial.gpus_per_trial)
        self._output = trial.dir / OUTPUT_DIRECTORY
        self._earlier = EarlierAttempts(
            trial,
            REPORTS_FILE,
            lambda: make_line_reader(spec, trial.objectives),
            lambda: self._reduction(spec),
            labels_lines(spec.settings.command),
        )
        self._checkpoint = self._newest(spec, trial, self._earlier.covered_until()) if trial.attempt > 1 else None
        if trial.attempt > 1 and self._checkpoint is None:
            resume.set_aside(self._output, trial.attempt - 1)
            trial.warn(self._restart_warning(spec))
        if self._checkpoint is not None:
            trial.resumes_after = resume.step_of(self._checkpoint)
        self._output.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = Path(trial.directory)
        self._workdir = Path(os.path.join(self._directory, self._fill_text(spec, trial, spec.settings.workdir)))
        words = self._with_program(
            compose_command(spec, self._facts(trial), self._directory, self._output).words, trial, launch=True
        )
        self._source = source_directory(spec.settings.links, words, self._directory, self._workdir)
        trial.about |= {"python": None, "packages": None, "determinism": None, **code_facts(words, self._source)}
        trial.about["command"] = masked_command(words)

    def _reduction(self, spec: CommandTable) -> RankReduction:
        """Return what makes one value of what several processes report."""
        return RankReduction(spec.settings.ranks, max(self._launch.processes, processes_of_mpi(spec.settings.command)))

    def _newest(self, spec: CommandTable, trial: TrialContext, before: int | None = None) -> Path | None:
        if not spec.settings.checkpoint:
            return None
        pattern = self._fill_text(spec, trial, spec.settings.checkpoint)
        return resume.newest_checkpoint(os.path.join(trial.directory, pattern), before)

    def _restart_warning(self, spec: CommandTable) -> str:
        if not spec.settings.checkpoint:
            return "the script begins anew: the study names no checkpoint that it could go on from"
        return f"the script begins anew: it had saved nothing that {spec.settings.checkpoint} finds"

    def _fill_text(self, spec: CommandTable, trial: TrialContext, text: str) -> str:
        return compose_command(
            spec, self._facts(trial), Path(trial.directory), trial.dir / OUTPUT_DIRECTORY
        ).placeholders.fill(text, "workdir")

    def _facts(self, trial: TrialContext) -> dict[str, str]:
        """Return the placeholders of the command that are not parameters."""
        checkpoint = getattr(self, "_checkpoint", None)
        return {
            "trial_dir": str(trial.dir / OUTPUT_DIRECTORY),
            "study_dir": str(trial.directory),
            "cache": str(trial.cache),
            "number": str(trial.number),
            "attempt": str(trial.attempt),
            "seed": str(trial.seed),
            **self._launch.facts(),
            "threads": str(trial.threads or 1),
            "checkpoint": str(checkpoint) if checkpoint else "",
            "python": sys.executable,
        }

    def __call__(self, settings: Mapping[str, Value], trial: TrialContext) -> Mapping[str, float]:
        """Run the script and its evaluation; return the last value of each metric.

        Raises: Failure, Unsupported, UserError.
        """
        spec = read_command_spec(settings)
        adopt_orphans()
        composed = compose_command(spec, self._facts(trial), self._directory, self._output)
        self._record_unsaid(composed, spec, trial)
        for path, text in composed.files.items():
            path.write_text(text)
        if trial.attempt > 1 and (self._checkpoint is not None or not spec.settings.checkpoint):
            composed.words.extend(
                resume.resume_words(spec.settings, composed.placeholders.fill) if self._resumable(spec) else []
            )
        self._workdir.mkdir(parents=True, exist_ok=True)
        make_links(spec.settings.links, self._directory, self._workdir, composed.placeholders.fill, composed.files)
        reports = trial.attempt_dir / REPORTS_FILE
        there = found_files(composed.words, self._source, self._workdir, spec.parameters) if trial.attempt == 1 else []
        for name in there:
            trial.warn(f"{name} was there when the trial began: the script may have gone on from it")
        self._environment = self._environment_of(spec, composed, reports, trial)
        reduction = self._reduction(spec)
        listener = ScriptObserver(spec, trial, composed.placeholders.fill, self._workdir, reports, reduction)
        listener.environment = self._environment
        if any(os.environ.get(name) != text for name, text in recordable_variables(composed.environment).items()):
            trial.environment(variables=recordable_variables(self._environment))
        self._announce_total_steps(spec, trial)
        self._recover(trial, listener)
        if trial.role == Role.BASE:
            if not spec.settings.evaluate:
                raise Unsupported("an untouched base model can only be evaluated", hint="trainer.evaluate says how")
        else:
            trial.phase("train")
            self._train(spec, composed, trial, listener)
        if spec.settings.evaluate and trial.obeyed is None and not trial.tried:
            self._evaluate(spec, composed, trial, listener)
        self._record_artifacts(spec, composed, trial)
        for text in listener.read_missing(self._output) if not trial.tried and trial.obeyed is None else ():
            trial.warn(text)
        return listener.collector.last_values()

    def _record_unsaid(self, composed: ComposedCommand, spec: CommandTable, trial: TrialContext) -> None:
        """Record the parameters that do not reach the script although the study file declares their form.

        Raises: UserError for a value that cannot be passed at all.
        """
        names = {spec.name_in_script(name): name for name in spec.parameters}
        for script_name, reason in composed.passed.refused.items():
            name = names.get(script_name, script_name)
            message, hint = refusal(reason, spec.parameters.get(name), name)
            raise UserError(f"trainer.{name}: {message}", hint=hint)
        if composed.passed.unsaid:
            unsaid = {names.get(name, name): reason for name, reason in composed.passed.unsaid.items()}
            trial.facts(**{UNSAID_FACT: sorted(unsaid)})
            for name, reason in unsaid.items():
                trial.warn(f"{name} does not reach the script: {reason}")

    def _recover(self, trial: TrialContext, listener: ScriptObserver) -> None:
        unknown = recover_points(self._earlier, listener.collector, listener.existing_readings())
        if unknown:
            trial.warn(f"curve incomplete: {unknown}")
            trial.facts(**{CURVE_INCOMPLETE: unknown})

    def _resumable(self, spec: CommandTable) -> bool:
        return self._checkpoint is not None or (
            bool(spec.settings.resume_flag) and "{checkpoint}" not in str(spec.settings.resume_flag)
        )

    def _environment_of(
        self, spec: CommandTable, composed: ComposedCommand, reports: Path, trial: TrialContext
    ) -> dict[str, str]:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "HPTUI_REPORT": str(reports)}
        environment["HPTUI_STOP"] = str(reports.with_name(STOP_FILE))
        if spec.settings.tap:
            environment["HPTUI_TAP"] = "1"
        return with_tap({**environment, **self._launch.environment(trial.threads), **composed.environment})

    def _announce_total_steps(self, spec: CommandTable, trial: TrialContext) -> None:
        """Set the number of steps, if a setting or a parameter states it."""
        total = spec.settings.total_steps
        if isinstance(total, str):
            total = spec.parameters.get(total)
        if isinstance(total, int | float) and not isinstance(total, bool) and total > 0:
            trial.total_steps = int(total)

    def _with_program(self, words: list[str], trial: TrialContext, *, launch: bool) -> list[str]:
        words = self._launch.words(words) if launch else words
        words = [program_path(words[0], trial.programs, self._workdir), *words[1:]]
        return with_tags(words, trial.attempt_dir / RANKS_DIRECTORY)

    def _run(
        self, words: list[str], environment: Mapping[str, str], trial: TrialContext, listener: ScriptObserver
    ) -> ScriptResult:
        print(f"$ {masked_command(words)}", flush=True)

        def ask() -> bool:
            if listener.reports.cooperates:
                Path(environment["HPTUI_STOP"]).touch(mode=0o600)
            return listener.reports.cooperates

        ears = RunCallbacks(listener.take_line, listener.tick, lambda: trial.should_stop, ask)
        try:
            result = run_command(words, environment, self._workdir, ears, RunDir(trial.attempt_dir).script)
        except OSError as error:
            raise Failure(Reason.SETUP, f"{words[0]} cannot be started: {error.strerror}") from None
        if result.orphans:
            print(f"hptui: ended {result.orphans} processes that the script left behind", flush=True)
        return result

    def _train(
        self, spec: CommandTable, composed: ComposedCommand, trial: TrialContext, listener: ScriptObserver
    ) -> None:
        hidden = why_tap_is_hidden(composed.words) if spec.settings.tap else ""
        if hidden:
            trial.warn(f"{hidden}: metrics come from its files and its output alone")
        copy = composed.unnamed_copy
        if copy is not None:
            if hidden:
                raise Failure(Reason.SETUP, f"{hidden}: the script would not read the trial's settings")
            copy_mark(copy).unlink(missing_ok=True)
        result = self._run_with_a_free_port(spec, composed, trial, listener)
        if copy is not None and result.code == 0 and not result.stopped and not copy_mark(copy).exists():
            raise Failure(
                Reason.SETUP, f"the script never opened {copy.name}: the settings of the trial did not reach it"
            )
        tap_missing = spec.settings.tap and is_python(composed.words) and listener.reports.tapped is None
        if tap_missing and not hidden and result.code == 0:
            trial.warn("the tap was not loaded: metrics come from the script's files and output alone")
        if result.finished_first or (result.stopped and trial.passed_rung and result.code == 0):
            trial.obeyed = None  # it was through before it could stop
        elif result.stopped:
            return
        if failure := self._failure_of(result, trial, listener):
            raise failure

    def _run_with_a_free_port(
        self, spec: CommandTable, composed: ComposedCommand, trial: TrialContext, listener: ScriptObserver
    ) -> ScriptResult:
        """Run the script; once more with another port, if a program had taken the first one meanwhile."""
        words = self._with_program(composed.words, trial, launch=True)
        began = time.monotonic()
        result = self._run(words, self._environment, trial, listener)
        is_taken = found_its_port_taken(result.code, result.lines, time.monotonic() - began)
        port = self._launch.port
        if not is_taken or result.stopped or trial.reports or port not in " ".join(words):
            return result
        self._launch.port = free_port()
        trial.warn(f"port {port} was taken by another program: the command runs again with port {self._launch.port}")
        again = compose_command(spec, self._facts(trial), self._directory, self._output)
        for path, text in again.files.items():
            path.write_text(text)
        composed.words[: len(again.words)] = again.words  # a resume flag stays behind them
        words = self._with_program(composed.words, trial, launch=True)
        trial.environment(command=masked_command(words))
        return self._run(words, with_tap({**self._environment, **again.environment}), trial, listener)

    def _failure_of(self, result: ScriptResult, trial: TrialContext, listener: ScriptObserver) -> Failure | None:
        collector = listener.collector
        total = trial.total_steps
        return classify_script_end(
            result.code,
            result.lines,
            reported=trial.reports > 0,
            all_steps=total is not None and collector.step >= total,
            oom_kills=result.oom_kills,
            rank_logs=trial.attempt_dir / RANKS_DIRECTORY,
        )

    def _evaluate(
        self, spec: CommandTable, composed: ComposedCommand, trial: TrialContext, listener: ScriptObserver
    ) -> None:
        """Run the evaluation command and keep its output.

        Its metrics belong to the last step of the training.
        """
        self._checkpoint = self._newest(spec, trial)
        composed.placeholders.facts = {**composed.placeholders.facts, **self._facts(trial)}
        words = [composed.placeholders.fill(text, "evaluate") for text in spec.settings.evaluate]
        environment = dict(self._environment)
        if spec.settings.evaluate_device:
            device = spec.settings.evaluate_device
            environment["CUDA_VISIBLE_DEVICES"] = "" if device == "cpu" else device
        trial.phase("evaluate", 3600.0)  # seconds without events that are normal here
        listener.begin_evaluation()
        began = time.monotonic()
        words = self._with_program(words, trial, launch=False)
        result = self._run(words, environment, trial, listener)
        printed = "".join(f"{line}\n" for line in result.lines)
        trial.artifact("evaluate.txt", "what the evaluation printed").write_text(printed)
        trial.facts(evaluate_seconds=round(time.monotonic() - began, 3))
        if result.stopped:
            return
        if failure := self._failure_of(result, trial, listener):
            raise Failure(failure.reason, f"the evaluation failed: {failure}")

    def _record_artifacts(self, spec: CommandTable, composed: ComposedCommand, trial: TrialContext) -> None:
        """Record the files that `artifacts` matches; those outside the trial's directory are copied into it."""
        for pattern in spec.settings.artifacts:
            path_pattern = os.path.join(self._workdir, composed.placeholders.fill(pattern, "artifacts"))
            for path in resume.matching_paths(path_pattern):
                if path.is_relative_to(trial.dir):
                    trial.keep(path)
                elif path.is_file():
                    shutil.copyfile(path, trial.artifact(path.name))


def _visible_gpus() -> int:
    return len([name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name])


def train(settings: Mapping[str, Value], trial: TrialContext) -> Mapping[str, Any]:
    """Prepare and run a trial in one call."""
    script = ScriptTrainer()
    script.foresee(settings, trial)
    return script(settings, trial)


def with_tap(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds the tap first, whatever PYTHONPATH the study file sets."""
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    if "HPTUI_TAP" not in environment or str(TAP_DIRECTORY) in paths:
        return environment
    return {**environment, "PYTHONPATH": os.pathsep.join([str(TAP_DIRECTORY), *paths])}
