"""The check of a saved model: it is loaded back, and must compute on one row what the trained model did.

A saved model that does not is kept and marked, as the trial's values were measured on the trained one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.trainers.sft import adapters, load, memory, merging
from hptui.trainers.sft.precision import AUTOCAST, autocast
from hptui.trainers.sft.run import RunFacts

MAX_TOKENS = 128
"""Tokens of the row, at most."""
MAX_LOSS_DIFFERENCE = 0.01
"""Difference of the losses, at most, as a share of the trained model's."""
MAX_LOGIT_DIFFERENCE = {torch.float32: 1e-3, torch.float16: 0.01, torch.bfloat16: 0.05}
"""Root mean square of the differences of logits, at most, in standard deviations of the trained model's logits.

Sound saves of the test models, which `tests/trainers/sft/test_saving.py` measures, stay below a third of it.
"""
LOSS_PER_LOGITS = 0.2
"""Difference of losses that is always allowed, as a share of the difference of logits that is allowed."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """Loss per token and logits of one row, on the host."""

    loss: float
    logits: Tensor


@dataclass(frozen=True, slots=True)
class SavedModelCheck:
    """The result of a check. `problem` is '' for a sound model; `done`: the comparison could be made."""

    problem: str
    done: bool = True
    trained_loss: float | None = None
    saved_loss: float | None = None
    difference: float | None = None

    @property
    def suspect(self) -> bool:
        """Whether the saved model differs from the trained one."""
        return self.done and bool(self.problem)

    def facts(self) -> dict[str, Value]:
        """Return what is recorded of the trial."""
        verdict = "suspect" if self.suspect else "sound" if self.done else "not checked"
        facts: dict[str, Value] = {"saved_model": f"{verdict}: {self.problem}" if self.problem else verdict}
        measured: Mapping[str, float | None] = {
            "saved_model_loss": self.saved_loss,
            "saved_model_loss_when_trained": self.trained_loss,
            "saved_model_logit_difference": self.difference,
        }
        return facts | {name: value for name, value in measured.items() if value is not None}


def choose_row(run: RunFacts) -> Tensor | None:
    """Return the tokens of the first example with a few tokens; None if there is none."""
    for split in ("validation", "train"):
        tokens = run.data.tokens[split]
        for wanted in (MAX_TOKENS // 4, 2):
            for index in range(min(len(tokens), 100)):
                ids, _ = tokens[index]
                if len(ids) >= wanted:
                    return torch.tensor(ids[:MAX_TOKENS].tolist())[None]
    return None


@torch.no_grad()
def measure_row(model: Any, ids: Tensor, precision: str, device: torch.device) -> RowResult:
    """Return what a model computes on a row."""
    model.eval()
    with autocast(precision, device):
        logits = model(input_ids=ids.to(device), use_cache=False).logits
    logits = logits[0].float().cpu()
    return RowResult(float(F.cross_entropy(logits[:-1], ids[0, 1:])), logits)


def check_saved(run: RunFacts, folder: Path, ids: Tensor, trained: RowResult, *, whole: bool) -> SavedModelCheck:
    """Load a saved model and compare it with what the trained one computed. The trained model is used up."""
    size = max(_file_bytes(folder), int(memory.model_gib(run.base.model) * memory.GIB))
    memory.release(run.model)
    device = run.device if merging.fits(run.device, size) else torch.device("cpu")
    try:
        model, dtype = _load_whole(run, folder, device) if whole else _load_adapter(run, folder, device)
        saved = measure_row(model, ids, run.precision if device == run.device else "none", device)
        problem = compare(trained, saved, _coarsest(dtype, run.precision)) or _compare_tokenizers(run, folder, ids)
    except Exception as error:  # noqa: BLE001  libraries raise anything for wrong files; the trial keeps its values
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if memory.is_out_of_memory(error):
            return SavedModelCheck(f"no memory to load it back: {text}", done=False, trained_loss=trained.loss)
        return SavedModelCheck(f"it cannot be loaded back: {text}", trained_loss=trained.loss)
    return SavedModelCheck(
        problem, trained_loss=trained.loss, saved_loss=saved.loss, difference=logit_difference(trained, saved)
    )


def compare(trained: RowResult, saved: RowResult, dtype: torch.dtype) -> str:
    """Return how a saved model differs from the trained one; '' if only by rounding."""
    if trained.logits.shape != saved.logits.shape:
        return f"its logits have the shape {tuple(saved.logits.shape)}, not {tuple(trained.logits.shape)}"
    if not math.isfinite(trained.loss) and not math.isfinite(saved.loss):
        return ""
    difference, limit = logit_difference(trained, saved), MAX_LOGIT_DIFFERENCE[dtype]
    # A loss near 0 is known no better than the logits are.
    allowed = max(MAX_LOSS_DIFFERENCE * trained.loss, LOSS_PER_LOGITS * limit)
    if not abs(saved.loss - trained.loss) <= allowed:
        return f"its loss on one row is {saved.loss:.4g}, and the trained model's was {trained.loss:.4g}"
    if not difference <= limit:
        return f"its logits differ from the trained model's by {difference:.2g} of their standard deviation"
    return ""


def logit_difference(trained: RowResult, saved: RowResult) -> float:
    """Return the root mean square of the differences, in deviations of the trained model's logits."""
    if trained.logits.shape != saved.logits.shape:
        return math.inf
    return float((saved.logits - trained.logits).square().mean().sqrt() / trained.logits.std())


def _coarsest(dtype: torch.dtype, precision: str) -> torch.dtype:
    """Return the number format with the fewest digits among those of the weights and of the arithmetic."""
    return max((dtype, AUTOCAST.get(precision, torch.float32)), key=MAX_LOGIT_DIFFERENCE.__getitem__)


def _file_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.safetensors"))


def _load_whole(run: RunFacts, folder: Path, device: torch.device) -> tuple[Any, torch.dtype]:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype="auto",
        attn_implementation=run.base.attention,
        trust_remote_code=run.settings.trust_remote_code,
    )
    return model.to(device), model.dtype


def _load_adapter(run: RunFacts, folder: Path, device: torch.device) -> tuple[Any, torch.dtype]:
    from peft import PeftModel

    base = load.load_base(run.settings, run.trial.directory, device, run.base.tokenizer)
    with adapters.ignore_deprecated_names():
        return PeftModel.from_pretrained(base.model, str(folder)), base.dtype


def _compare_tokenizers(run: RunFacts, folder: Path, ids: Tensor) -> str:
    """Return how the saved tokenizer differs from the one that was used; '' if it does not."""
    from transformers import AutoTokenizer

    trained = run.base.tokenizer
    saved = AutoTokenizer.from_pretrained(folder, trust_remote_code=run.settings.trust_remote_code)
    text = trained.decode(ids[0].tolist())
    if saved.get_vocab() != trained.get_vocab() or saved(text)["input_ids"] != trained(text)["input_ids"]:
        return "its tokenizer makes other tokens than the one that was used"
    if (saved.chat_template or None) != (trained.chat_template or None):
        return "its tokenizer has another chat template"
    return ""
