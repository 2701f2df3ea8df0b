"""Fine-tuning of language models: all weights, LoRA, or LoRA on a model in 4 bits."""

from hptui.plugins import TrainerSpec

SPEC = TrainerSpec(
    "sft",
    "Supervised fine-tuning of a language model: all weights, LoRA or QLoRA.",
    settings="hptui.trainers.sft.settings:SftSettings",
    train="hptui.trainers.sft.train:train",
    preload="hptui.trainers.sft.metrics:preloaded_modules",
    prepare="hptui.trainers.sft.prepare:prepare",
    looks_at="hptui.trainers.sft.metrics:INSPECTED_SETTINGS",
    evaluates_base=True,
    check="hptui.trainers.one_gpu:check_one_gpu",
    resumes=True,
    laws="hptui.trainers.sft.laws:laws",
    memory="hptui.trainers.sft.memory_terms:RULE",
    packing="hptui.trainers.sft.packing:PACKING",
)
