"""Any training script, unmodified, as a trainer: parameters in, metrics out, its exit classified."""

from hptui.plugins import TrainerSpec

SPEC = TrainerSpec(
    "command",
    "Any training script or program, unmodified.",
    settings="hptui.scripts.settings:schema",
    train="hptui.scripts.trainer:ScriptTrainer",
    preload=("hptui.scripts.trainer",),
    evaluates_base=True,
    programs="hptui.scripts.program:programs_of",
    preflight="hptui.scripts.preflight:preflight_warnings",
    check="hptui.scripts.validate:check_study",
    resumes="hptui.scripts.validate:why_not_resumed",
)
