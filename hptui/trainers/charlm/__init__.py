"""A small character-level transformer language model, trained from scratch on real text."""

from hptui.plugins import TrainerSpec

SPEC = TrainerSpec(
    "charlm",
    "A small character-level language model, trained from scratch.",
    settings="hptui.trainers.charlm.settings:CharlmSettings",
    train="hptui.trainers.charlm.train:CharlmTrainer",
    # torch._dynamo: the first optimizer of a process imports it, which takes as long as importing torch
    preload=("torch", "torch._dynamo", "hptui.trainers.charlm.train"),
    metrics="hptui.trainers.charlm.settings:METRICS",
    check="hptui.trainers.one_gpu:check_one_gpu",
    resumes=True,
    laws="hptui.trainers.charlm.laws:laws",
)
