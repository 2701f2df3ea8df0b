"""Number formats that cannot fool a search, and what a step waits for."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from hptui.trainers.data.batches import LongestFirst, TokenRows, TrainingOrder
from hptui.trainers.settings import build
from hptui.trainers.sft import adapters, hardware, load, memory, precision, process, run
from hptui.trainers.sft.alone import ModelExecutor
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.learner import Learner
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.trained import TrainedModel
from tests.trainers.attempts import events
from tests.trainers.sft import tiny
from tests.trainers.sft.synchronisations import counted

CPU = torch.device("cpu")
pytestmark = pytest.mark.filterwarnings("ignore")


class Examples:
    """Random examples of these lengths, all learnt."""

    def __init__(self, *lengths: int) -> None:
        draw = np.random.default_rng(0)
        self.parts = [(draw.integers(5, 300, n), np.ones(n, bool)) for n in lengths]

    def __getitem__(self, index: int) -> Any:
        return self.parts[index]


def rows(groups: list[list[int]], *lengths: int) -> TokenRows:
    return TokenRows(Examples(*lengths), groups, pad=0)  # type: ignore[arg-type]


def settings(**values: Any) -> SftSettings:
    return build(SftSettings, {**tiny.TINY, **values})


class Alone:
    """A learner of a model's weights, and the computing for it."""

    def __init__(self, chosen: SftSettings, model: Any, data: TokenRows, mixed: str) -> None:
        order = TrainingOrder(len(data), chosen.batch_size, chosen.accumulation, 0)
        self.executor = ModelExecutor(Forward(model, mixed), tiny.tokenizer(), CPU)
        self.learner = Learner(chosen, TrainedModel(model), data, order, 50, CPU, scaled=mixed == "fp16")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def update(self) -> None:
        drive(self.learner.update(), self.executor)


learner = Alone


def test_short_weights_that_are_trained_learn_what_long_ones_do(tmp_path: Path) -> None:
    """Full fine-tuning at a rate at which updates of bfloat16 weights would be rounded away, and adapters."""
    study = tiny.study(tmp_path)
    common = {
        "adapter": "none",
        "steps": 200,
        "eval_every": 200,
        "log_every": 200,
        "learning_rate": 1e-4,
        "batch_size": 2,
    }
    losses = {}
    for number, dtype in enumerate(("float32", "bfloat16")):
        run = tiny.attempt(study, {**common, "dtype": dtype}, number=number)
        losses[dtype] = tiny.train(run)["eval_loss"]
        used = tiny.told(run, "effective")
        assert (used["dtype"], used["mixed_precision"]) == ("float32", "bf16" if dtype == "bfloat16" else "none")
        said = [event["message"] for event in events(run, "warning") if event["message"].startswith("dtype = ")]
        assert len(said) == (dtype == "bfloat16")
    untrained = tiny.train(tiny.attempt(study, common, number=2, role="base"))["eval_loss"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.01)
    assert untrained > 1.1 * losses["float32"], "they have learnt enough to tell"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("adapter", [{"lora_bias": "all"}, {"lora_bias": "lora_only"}, {"adapter": "qlora"}], ids=str)
def test_every_trained_tensor_has_32_bits(tmp_path: Path, dtype: str, adapter: dict[str, Any]) -> None:
    study = tiny.study(tmp_path, "qwen2")
    chosen = settings(dtype=dtype, **adapter)
    base = load.load_base(chosen, study, CPU, tiny.tokenizer())
    model = adapters.attach_adapter(base.model, chosen)
    mixed = precision.effective_precision(chosen, CPU, base.dtype)
    made = learner(chosen, model, rows([[n] for n in range(8)], *range(5, 13)), mixed)
    assert {p.dtype for p in made.trained.parameters} == {torch.float32}
    assert base.dtype == precision.DTYPES[dtype]
    before = [p.detach().clone() for p in made.trained.parameters]
    for _ in range(3):
        made.update()
    made.settle()
    assert all(p.grad is None for p in model.parameters())
    assert (
        sum(not torch.equal(old, new) for old, new in zip(before, made.trained.parameters, strict=True))
        > len(before) / 2
    )


def test_a_card_without_bfloat16_gets_float16_with_a_scaled_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    card = torch.device("cuda", 0)
    for capability, name in (((7, 5), "float16"), ((7, 0), "float16"), ((8, 0), "bfloat16"), ((12, 0), "bfloat16")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device, found=capability: found)
        dtype, short = precision.DTYPES[name], {"float16": "fp16", "bfloat16": "bf16"}[name]
        for adapter in ("lora", "qlora"):
            chosen = settings(adapter=adapter)
            assert precision.weights_dtype(chosen, card) == dtype
            assert precision.effective_precision(chosen, card, dtype) == short
            assert precision.compute_dtype(chosen, card) == dtype
        chosen = settings(adapter="none")
        assert precision.weights_dtype(chosen, card) == torch.float32
        assert precision.effective_precision(chosen, card, torch.float32) == short
        chosen = settings(adapter="none", mixed_precision="none")
        assert precision.effective_precision(chosen, card, torch.float32) == "none"


def test_updates_that_float16_cannot_hold_are_skipped_and_counted() -> None:
    model = tiny.model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 4
    chosen = settings(adapter="none", learning_rate=1e-4)
    made = learner(chosen, model, rows([[n] for n in range(8)], *range(5, 13)), "fp16")
    made.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    steps = 0
    while not made.kept.get("optimizer") and steps < 40:
        made.update()
        steps += 1
    made.settle()
    assert 0 < made.place.skipped == steps - 1
    assert made.kept["optimizer"] > 0
    assert np.isfinite(made.place.norm)


def test_answers_are_computed_as_the_loss_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    answering: list[bool] = []
    original = torch.nn.functional.silu

    def silu(hidden: Any, *more: Any, **other: Any) -> Any:
        seen[bool(answering)].add(hidden.dtype)
        return original(hidden, *more, **other)

    monkeypatch.setattr(torch.nn.functional, "silu", silu)
    from transformers.generation.utils import GenerationMixin

    generate = GenerationMixin.generate
    monkeypatch.setattr(
        GenerationMixin,
        "generate",
        lambda self, *a, **k: (answering.append(True), generate(self, *a, **k), answering.pop())[1],
    )
    study = tiny.study(tmp_path)
    answers = {"generate_samples": 2, "max_new_tokens": 2, "steps": 1, "eval_every": 1}
    run = tiny.attempt(study, {**answers, "adapter": "none", "mixed_precision": "bf16"})
    tiny.train(run)
    assert seen == {True: {torch.bfloat16}, False: {torch.bfloat16}}


def peak(call: Any) -> int:
    """Bytes of the tensors that live at once while `call` runs, at most."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Sizes(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.alive: dict[int, int] = {}
            self.most = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            import weakref

            made = func(*args, **(kwargs or {}))
            for tensor in made if isinstance(made, tuple | list) else [made]:
                if isinstance(tensor, torch.Tensor):
                    storage = tensor.untyped_storage()
                    key = storage._cdata
                    if key not in self.alive:
                        self.alive[key] = storage.nbytes()
                        weakref.finalize(storage, self.alive.pop, key, None)
            self.most = max(self.most, sum(self.alive.values()))
            return made

    with Sizes() as sizes:
        call()
    return sizes.most


@pytest.mark.parametrize("mixed", ["none", "bf16"])
def test_an_evaluation_needs_no_more_memory_than_training(mixed: str) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=8000, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    forward = Forward(LlamaForCausalLM(config), mixed)
    batch = rows([[n] for n in range(8)], *([256] * 8)).batch(range(8))
    with torch.no_grad():
        evaluated = peak(lambda: forward(batch))
    trained = peak(lambda: forward(batch).backward())  # type: ignore[no-untyped-call]
    logits = 8 * 255 * 8000 * (2 if mixed == "bf16" else 4)
    assert logits < evaluated <= trained
    assert evaluated < 2.2 * logits


def attention_by_reference(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Put reference kernels in the place of flash-attn's; return how often each is called."""
    import transformers.modeling_flash_attention_utils as flash

    calls = {"dense": 0, "varlen": 0}

    def attend(q: Any, k: Any, v: Any, causal: bool) -> Any:
        parts = (part.transpose(1, 2) for part in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=causal, enable_gqa=True).transpose(
            1, 2
        )

    def dense(q: Any, k: Any, v: Any, causal: bool = False, **_: Any) -> Any:
        calls["dense"] += 1
        return attend(q, k, v, causal)

    def varlen(
        q: Any,
        k: Any,
        v: Any,
        cu_seqlens_q: Any = None,
        cu_seqlens_k: Any = None,
        max_seqlen_q: Any = None,
        max_seqlen_k: Any = None,
        causal: bool = False,
        **_: Any,
    ) -> Any:
        calls["varlen"] += 1
        borders = cu_seqlens_q.detach().clone().numpy().tolist()
        assert int(max_seqlen_q) == max(np.diff(borders))
        parts = [attend(q[None, a:b], k[None, a:b], v[None, a:b], causal)[0] for a, b in pairwise(borders)]
        return torch.cat(parts)

    monkeypatch.setattr(flash, "_loaded_implementation", "flash_attention_2", raising=False)
    for name, function in (
        ("_flash_fn", dense),
        ("_flash_varlen_fn", varlen),
        ("_pad_fn", flash._pad_input),
        ("_unpad_fn", flash._unpad_input),
        ("_process_flash_kwargs_fn", flash._lazy_define_process_function(varlen)),
    ):
        monkeypatch.setattr(flash, name, function, raising=False)
    return calls


LENGTHS = (9, 7, 8, 6, 11)
PACKINGS = ([[0, 1], [2, 3, 4]], [[0, 1, 2, 3, 4]], [[0], [1, 2], [3, 4]])


def test_packed_examples_do_not_see_each_other_with_flash_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = attention_by_reference(monkeypatch)
    model = tiny.model().eval()
    with torch.no_grad():
        alone = sum(float(Forward(model, "none")(rows([[n]], *LENGTHS).batch([0]))) for n in range(len(LENGTHS)))
        model.set_attn_implementation("sdpa")
        for name in ("sdpa", "flash_attention_2"):
            model.config._attn_implementation = name
            for groups in PACKINGS:
                batch = rows(groups, *LENGTHS).batch(range(len(groups)))
                assert float(Forward(model, "none")(batch)) == pytest.approx(alone, rel=1e-5), (name, groups)
                forward = Forward(model, "none")
                forward._takes_starts = False  # a model that does not take them sees one row
                assert float(forward(batch)) == pytest.approx(alone, rel=1e-5), (name, groups)
    assert calls["varlen"] > 0 == calls["dense"]


KINDS: list[dict[str, Any]] = [
    {"optimizer": "adamw"},
    {"optimizer": "adamw_fused", "packing": True},
    {"adapter": "none", "optimizer": "sgd", "gradient_accumulation": 2},
    {"adapter": "none", "mixed_precision": "bf16", "gradient_checkpointing": True},
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_step_waits_for_nothing(kind: dict[str, Any]) -> None:
    chosen = settings(batch_size=2, **kind)
    model = adapters.attach_adapter(tiny.model(), chosen)
    groups = [[0, 1], [2], [3, 4], [5]] if chosen.packing else [[n] for n in range(6)]
    mixed = precision.effective_precision(chosen, CPU, torch.float32)
    made = learner(chosen, model, rows(groups, 9, 7, 8, 6, 11, 5), mixed)
    made.update()  # measures memory
    made.settle()
    steps = tuple(state["step"] for state in made.optimizer.state.values() if "step" in state)
    with counted(steps) as waits:
        for _ in range(3):
            made.update()
    assert not waits
    with counted(steps) as waits:
        made.settle()
    assert waits == {"tolist": 1}, "one for all steps since the last report"


def test_what_waits_is_counted() -> None:
    """Each kind of wait is planted and seen."""
    values = torch.arange(4.0)
    planted: dict[str, Any] = {
        "item": values.sum().item,
        "tolist": values.tolist,
        "cpu": values.cpu,
        "__float__": lambda: float(values.sum()),
        "__bool__": lambda: bool(values.any()),
        "nonzero": lambda: values.nonzero(),
        "index": lambda: values[values > 1],
        "masked_select": lambda: values.masked_select(values > 1),
        "equal": lambda: torch.equal(values, values),
    }
    for name, plant in planted.items():
        with counted() as waits:
            plant()
        assert waits[name] == 1, name


def test_an_evaluation_waits_once() -> None:
    from hptui.trainers.sft.evaluate import evaluate_loss

    data = rows([[n] for n in range(6)], 9, 7, 8, 6, 11, 5)
    with counted() as waits:
        drive(
            evaluate_loss(data, settings(batch_size=2), CPU, lambda: True),
            ModelExecutor(Forward(tiny.model(), "none"), tiny.tokenizer(), CPU),
        )
    assert sum(waits.values()) == 1


def test_a_resumed_optimizer_counts_its_steps_on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner(settings(), adapters.attach_adapter(tiny.model(), settings()), rows([[0]], 9), "none")
    made.update()
    made.save(tmp_path)
    places, original = list[Any](), torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: (places.append(k["map_location"]), original(*a, **k))[1])
    made.restore(tmp_path)
    assert places == ["cpu"]
    assert {state["step"].device.type for state in made.optimizer.state.values()} == {"cpu"}


ACTIVATIONS, WORKSPACE = 3 << 30, 32 << 20
"""Bytes that a forward pass keeps on the fake card, and that cuBLAS takes for itself at its first product."""


class FakeCard:
    """Counts what is allocated on a card: activations until they are freed, the workspace of cuBLAS for good."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.allocated = 0
        self.has_workspace = False
        original = memory.measure_forward
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: self.allocated)
        card = torch.device("cuda")
        monkeypatch.setattr(memory, "measure_forward", lambda forward, model, _: original(forward, model, card))

    def multiply(self, *_: Any) -> None:
        """Model a forward pass."""
        self.allocated += ACTIVATIONS + (0 if self.has_workspace else WORKSPACE)
        self.has_workspace = True


@pytest.mark.parametrize("steps", [1, 3])
def test_the_workspace_of_libraries_is_no_activation(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after a restart; a training of one step has no other pass to measure."""
    data = rows([[n] for n in range(4)], 9, 7, 8, 6)
    for first in (0, 20):
        card = FakeCard(monkeypatch)
        made = learner(settings(batch_size=2, gradient_accumulation=2), tiny.model(), data, "none")
        made.executor.model.register_forward_hook(card.multiply)
        made.learner.device, made.learner.total = torch.device("cuda"), first + steps
        made.learner.place.step = made.learner._first = first
        for _ in range(steps):
            made.update()
            card.allocated -= 2 * ACTIVATIONS  # the backward passes free them
        assert made.kept["activations"] * (1 << 30) == ACTIVATIONS + (WORKSPACE if steps == 1 else 0)
        monkeypatch.undo()


def test_the_memory_that_ran_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the host, with its peak, in a training on a card, too."""
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 7 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=80 << 30))
    card = torch.device("cuda")
    of_card = memory.out_of_memory_error(torch.OutOfMemoryError("CUDA out of memory"), "in step 3", settings(), card)
    assert str(of_card).startswith("out of GPU memory in step 3: peak 7.00 of 80.00 GiB, with batch_size=")
    for error in (MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")):
        text = str(memory.out_of_memory_error(error, "in step 3", settings(), card))
        assert text.startswith("out of memory in step 3: peak ")
        assert "of 80.00 GiB" not in text
        assert "peak 7.00" not in text


def test_how_float32_is_multiplied_is_a_setting_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)  # restored after the test
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA A100")
    before = torch.get_float32_matmul_precision()
    facts = SimpleNamespace(base=SimpleNamespace(dtype=torch.float32, attention="sdpa"), precision="none")
    facts.trial = SimpleNamespace(seed=0)
    try:
        for chosen in (True, False):
            torch.set_float32_matmul_precision("medium")
            process.prepare(settings(tf32=chosen), "cpu")
            assert torch.backends.cuda.matmul.allow_tf32 is torch.backends.cudnn.allow_tf32 is chosen
            for device, used in (("cuda", chosen), ("cpu", False)):
                facts.device = torch.device(device)
                assert run._numerics(facts)["tf32"] is used  # type: ignore[arg-type]
    finally:
        torch.set_float32_matmul_precision(before)
    assert settings().tf32 is False


@pytest.mark.parametrize(("answer", "maps"), [("1", True), ("0", False)])
def test_the_driver_is_asked_whether_memory_can_be_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, maps: bool
) -> None:
    """As on some virtual GPUs, where torch would fail with the segments that are the default else."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler to build the stand-in for libcuda with")
    library = tmp_path / "libcuda.so.1"
    source = Path(__file__).parents[2] / "fakes" / "libcuda.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", library, source], check=True)
    monkeypatch.setenv("LIBCUDA_MAPS", answer)
    assert hardware.maps_memory(str(library)) is maps
    assert not hardware.maps_memory(str(tmp_path / "none.so")), "a machine without a driver"
    for name in hardware.ALLOCATOR_VARIABLES:
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(hardware, "maps_memory", lambda: maps)
    hardware.set_allocator("cuda")
    assert os.environ["PYTORCH_ALLOC_CONF"] == ("expandable_segments:True" if maps else "")


def test_the_allocator_is_the_users_if_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "maps_memory", lambda: True)
    for name in hardware.ALLOCATOR_VARIABLES:
        for other in hardware.ALLOCATOR_VARIABLES:
            monkeypatch.delenv(other, raising=False)
        hardware.set_allocator("cpu")
        assert not any(other in os.environ for other in hardware.ALLOCATOR_VARIABLES)
        monkeypatch.setenv(name, "max_split_size_mb:64")
        hardware.set_allocator("cuda")
        assert hardware.allocator_settings(torch.device("cuda")) == {name: "max_split_size_mb:64"}
        monkeypatch.delenv(name)
        monkeypatch.setenv("PYTORCH_ALLOC_CONF", "")  # so that it is removed after the test
        hardware.set_allocator("cuda")
        assert hardware.allocator_settings(torch.device("cuda")) == {"PYTORCH_ALLOC_CONF": "expandable_segments:True"}
        assert hardware.allocator_settings(CPU) == {}


def test_the_operations_of_a_token_are_those_that_torch_counts() -> None:
    """Forward and backward passes of full fine-tuning, and of an adapter, with all tokens learnt."""
    from torch.utils.flop_counter import FlopCounterMode

    from hptui.trainers.sft.adapters import count_parameters

    length = 128
    for chosen in (settings(adapter="none"), settings(lora_rank=4)):
        for kind in ("llama", "qwen2"):
            plain = tiny.model(kind)
            plain.set_attn_implementation("eager")
            model = adapters.attach_adapter(plain, chosen)
            batch = rows([[0]], length).batch([0])
            with FlopCounterMode(display=False) as counter:
                Forward(model, "none")(batch).backward()  # type: ignore[no-untyped-call]
            expected = hardware.training_flops_per_token(model, count_parameters(model), 1.0, length)
            # Torch counts all of the attention's matrix, of which a causal one needs half.
            attention = 6 * 2 * 32 * length
            assert counter.get_total_flops() / length == pytest.approx(expected + attention, rel=0.05)


def test_the_peak_of_a_card_is_known_by_its_name() -> None:
    peaks = {
        "NVIDIA H100 80GB HBM3": 989.4,
        "NVIDIA H100 PCIe": 756,
        "NVIDIA H200": 989.4,
        "NVIDIA A100-SXM4-80GB": 312,
        "NVIDIA A10G": 70,
        "NVIDIA A10": 125,
        "NVIDIA L4": 121,
        "NVIDIA L40S": 362,
        "NVIDIA GeForce RTX 4090": 165.2,
        "NVIDIA RTX A6000": 154.8,
        "Tesla T4": 65,
        "Tesla V100-SXM2-16GB": 125,
    }
    for name, tera in peaks.items():
        assert hardware.peak_flops(name) == tera * 1e12, name
    assert hardware.peak_flops("NVIDIA GeForce GTX 1080") is None


def test_a_dry_run_takes_the_longest_rows_first() -> None:
    data = rows([[n] for n in range(6)], 9, 7, 8, 6, 11, 5)
    order = LongestFirst(6, 2, 2, 0, data.longest(4))
    assert order.step(0) == [[4, 0], [2, 1]]
    assert order.step(1) == TrainingOrder(6, 2, 2, 0).step(1)
