"""A base model that is loaded once, and the trainings of adapters on it, which take their steps in common passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path

import torch

from hptui.core.dataclass import dataclass
from hptui.trainers.context import TrialContext
from hptui.trainers.data import pipeline
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.failures import OutOfMemory
from hptui.trainers.sft import adapters, load, memory, merging, process, run
from hptui.trainers.sft.learner import has_old_dropout
from hptui.trainers.sft.load import LoadedModel
from hptui.trainers.sft.packed import fit
from hptui.trainers.sft.packed.engine import PackEngine
from hptui.trainers.sft.packed.executor import PackExecutor
from hptui.trainers.sft.packed.key import pack_key, why_not_packed
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.packed.member import Member
from hptui.trainers.sft.packed.passes import Pass, Passes
from hptui.trainers.sft.precision import effective_precision
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.trained import TrainedModel
from hptui.trainers.sft.training_run import TrainingRun

WHOLE = ("adamw", "adamw_fused", "adam", "sgd")
"""Optimizers that treat each number by itself, so that one flat parameter is as good as many matrices."""


MEMORY_KEPT_FREE = 0.08
"""Share of the memory that stays free when a trial joins others."""


class NotPacked(Exception):
    """A trial cannot be trained in a pack; `reason` says why. It can be trained by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """The passes of a step. `halved`: memory ran out in a group. `limit`: the largest group that may fit, or 0."""

    passes: list[Pass] = field(default_factory=list)
    halved: bool = False
    limit: int = 0


class PackedBase:
    """A base model on a device, with the trainings of the adapters that have joined."""

    def __init__(self, base: LoadedModel, settings: SftSettings, directory: Path, device: torch.device) -> None:
        self.base, self.directory, self.device = base, directory, device
        self.key = pack_key(settings, directory)
        self.reason = fit.why_model_not_packed(base, 1)
        self.precision = effective_precision(settings, device, base.dtype)
        self._settings = settings
        self._engine: PackEngine | None = None
        self._members: list[Member] = []
        self._passes: Passes | None = None
        self._versions, self._tokenizer = 0, ""

    @classmethod
    def load(cls, settings: SftSettings, directory: Path, device: str = "") -> PackedBase:
        """Load tokenizer and model, and set up the process. Raises: UserError, NotAvailable or OutOfMemory."""
        chosen = process.prepare(settings, device)
        try:
            tokenizer = load.load_tokenizer(settings, directory)
            return cls(load.load_base(settings, directory, chosen, tokenizer), settings, directory, chosen)
        except Exception as error:  # libraries report a lack of memory by errors of several types
            if memory.is_out_of_memory(error):
                raise memory.out_of_memory_error(error, "before training", settings, chosen) from error
            raise

    @property
    def engine(self) -> PackEngine:
        """The engine, which is installed in the model when it is first needed."""
        if self._engine is None:
            if self._settings.gradient_checkpointing:
                adapters.recompute_activations(self.base.model)
            if self._settings.adapter == "qlora":
                adapters.prepare_for_4_bits(self.base.model)
            self._engine = PackEngine(self.base.model, self.precision, self.device)
            self._passes = Passes(self._engine, self.base.tokenizer)
            self._versions = self._base_versions()
        return self._engine

    # joining and leaving --------------------------------------------------------------------------------------------

    def join(self, settings: SftSettings, trial: TrialContext) -> Member:
        """Add a trial, which loads its data and its checkpoint.

        Raises: NotPacked, or what its training raises.
        """
        if pack_key(settings, trial.directory) != self.key:
            raise NotPacked("its settings need another base model")
        self._check_room(settings)
        trial.phase("data", allow=3600)
        self._tokenizer = self._tokenizer or pipeline.fingerprint(self.base.tokenizer)
        data = process.load_data(settings, trial, self.base.tokenizer, self._tokenizer)
        for note in self.base.notes:
            trial.warn(note)
        training, adapter = self._attach(settings, trial, data)
        steps = training.steps(lambda: self._saved_elsewhere(training.facts))
        trial.facts(sft_step=2)
        member = Member(training, adapter, steps)
        member.begin()
        self._members.append(member)
        return member

    def _check_room(self, settings: SftSettings) -> None:
        """Raise OutOfMemory where the state of one more trial, and a pass, would not fit with the others."""
        if not self._members:
            return
        passes = max(member.training.learner.kept.get("activations", 0.0) for member in self._members)
        needed = self.state_bytes(settings) / memory.GIB + passes
        free = memory.free_gib(self.device) - MEMORY_KEPT_FREE * memory.capacity_gib(self.device)
        if needed > free:
            raise OutOfMemory(f"one more trial needs {needed:.2f} GiB, and {max(0.0, free):.2f} GiB are free for it")

    def leave(self, member: Member) -> None:
        """Remove a trial, without saving anything. Raises: what its training raises when it is closed."""
        if member in self._members:
            self._members.remove(member)
        self.engine.forget_adapters()
        member.close()

    def train_alone(self, settings: SftSettings, trial: TrialContext, data: StudyData) -> dict[str, float]:
        """Train one trial in a process of its own. Raises: NotPacked, before anything was trained."""
        try:
            training, adapter = self._attach(settings, trial, data)
        except NotPacked:
            if self._engine is not None:
                self._engine.uninstall()
                self._engine = None
            raise
        trial.facts(sft_step=2)
        executor = PackExecutor(self.engine, adapter, self.base.tokenizer)
        return drive(training.steps(lambda: self._saved_here(training.facts)), executor)

    def _attach(self, settings: SftSettings, trial: TrialContext, data: StudyData) -> tuple[TrainingRun, FlatAdapter]:
        """Return the training of a new adapter."""
        dry = bool(trial.try_steps)
        reason = why_not_packed(settings, role=trial.role, dry=dry) or fit.why_model_not_packed(
            self.base, settings.max_length
        )
        reason = reason or fit.why_targets_not_packed(self.base.model, settings)
        if not reason and settings.lora_dropout and has_old_dropout(trial.resume_from):
            reason = "its dropout began under an older version"
        if reason:
            raise NotPacked(reason)
        adapters.check_targets(self.base.model, settings)
        layout = self.engine.layout(settings)
        adapter = FlatAdapter(
            layout,
            scale=settings.lora_alpha / (settings.lora_rank**0.5 if settings.rslora else settings.lora_rank),
            dropout=settings.lora_dropout,
            device=self.device,
            dtype=torch.float64 if self.base.dtype == torch.float64 else torch.float32,
            whole=settings.optimizer in WHOLE,
        )
        facts = RunFacts.gather(settings, trial, self.device, data, self.base, self.base.model, adapter)
        self._check(facts)
        torch.manual_seed(trial.seed)
        adapter.initialise()
        return TrainingRun(facts, adapter), adapter

    def _check(self, facts: RunFacts) -> None:
        """Compare the first micro-batch with peft's, unless it has been done. Raises: NotPacked if it differs."""
        file = fit.verdict_file(facts.trial.cache, self.key, self.base.model, self.device)
        problem = fit.known_verdict(file)
        if problem is None:
            plan = run.plan_training(facts)
            batch = plan.rows.batch(plan.order.step(0)[0])
            try:
                difference = fit.compare_with_peft(self.engine, facts.settings, batch)
            except fit.REFUSALS as error:
                raise NotPacked(f"its pass is not computed as peft's: {' '.join(str(error).split())[:200]}") from error
            problem = difference.problem(fit.tolerance(self.base, facts.settings, self.precision))
            fit.keep_verdict(file, problem, difference)
        if problem:
            raise NotPacked(problem)

    # saving ---------------------------------------------------------------------------------------------------------

    def _saved_here(self, facts: RunFacts) -> RunFacts:
        """Return the facts with peft's adapter on this base model, which is used up."""
        self.engine.uninstall()
        return _with_peft(facts, facts.base)

    def _saved_elsewhere(self, facts: RunFacts) -> RunFacts:
        """Return the facts with peft's adapter on a base model of its own: this one is needed by others."""
        size = int(memory.model_gib(self.base.model) * memory.GIB)
        device = self.device if merging.fits(self.device, size) else torch.device("cpu")
        base = load.load_base(facts.settings, facts.trial.directory, device, self.base.tokenizer)
        return _with_peft(replace(facts, device=device), base)

    # steps ----------------------------------------------------------------------------------------------------------

    def step(self, members: Sequence[Member], *, timed: bool = False) -> StepOutcome:
        """Take each member one request further, requests of a kind together.

        `timed`: wait for the GPU before and after a pass, to measure it.

        Errors of a member end it and nothing else. Raises only what means that the process is broken.
        """
        assert self._passes is not None
        halved_before = self._passes.halvings
        others = [member for member in self._members if not member.ended]
        passes = self._passes.step([member for member in members if not member.ended], others, timed=timed)
        left = [member for member in self._members if not member.ended]
        if len(left) < len(self._members):
            self.engine.forget_adapters()
        self._members = left
        return StepOutcome(passes, self._passes.halvings > halved_before, self._passes.limit)

    # health ---------------------------------------------------------------------------------------------------------

    def healthy(self) -> str:
        """Return '' or why no more trials should join: the weights of the base model have changed."""
        if self._engine is None:
            return ""
        if self._base_versions() != self._versions:
            return "the weights of the base model were written to"
        if any(parameter.requires_grad for parameter in self.base.model.parameters()):
            return "the base model has a trained weight"
        return ""

    def _base_versions(self) -> int:
        return sum(parameter._version for parameter in self.base.model.parameters())  # torch has no public name

    def state_bytes(self, settings: SftSettings) -> int:
        """Return the memory of a trial's weights, gradient and optimizer."""
        states = {"sgd": int(settings.momentum > 0), "adafactor": 0}.get(settings.optimizer, 2)
        per_state = 1 if settings.optimizer == "adamw_8bit" else 4
        return self.engine.layout(settings).size * (8 + states * per_state)


def _with_peft(facts: RunFacts, base: LoadedModel) -> RunFacts:
    """Return the facts with a model that has the adapter as peft's."""
    assert facts.adapter is not None
    model = adapters.attach_adapter(base.model, facts.settings)
    TrainedModel(model).take(facts.adapter.weights())
    return replace(facts, base=base, model=model, adapter=None)
