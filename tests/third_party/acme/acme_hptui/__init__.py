"""A package of somebody else: what it adds to hptui, and where the work is done."""

from hptui.plugins import WHOLE, CommandSpec, ExporterSpec, Key, ReportSectionSpec, SamplerSpec, TrainerSpec

SPEC = SamplerSpec(
    name="halton",
    help="Halton sequence: covers the space evenly.",
    engine="acme_hptui.engine:HaltonEngine",
    asks_ahead=True,
    keys=(Key("skip", WHOLE, "Points of the sequence that are left out at its beginning", default=0, low=0),),
)
TRAINER = TrainerSpec(
    name="bowl",
    help="A parabola that a training descends.",
    settings="acme_hptui.trainer:BowlSettings",
    train="acme_hptui.trainer:train",
    preload=("acme_hptui.trainer",),
    metrics=("loss",),
    evaluates_base=False,
)
EXPORTER = ExporterSpec("ini", "Settings as an INI file.", "all", (".ini",), "acme_hptui.outputs:write_ini")
SECTION = ReportSectionSpec("coverage", "search", "acme_hptui.outputs:coverage")
VERB = CommandSpec("acme", "What Acme has to say.", "acme_hptui.outputs:acme")
