"""Train a pipeline from a config file.

    python train.py config.cfg --output ./output --training.max_epochs 10 --training.optimizer.learn_rate 0.002
"""
import json
import math
from pathlib import Path

import typer

from cfgfile import Config, parse_overrides

app = typer.Typer()


def scores(config, epoch):
    opt, train = config.part("training.optimizer"), config.part("training")
    f = 0.88 - abs(math.log10(opt["learn_rate"]) + 2.5) / 8 - abs(train["dropout"] - 0.25) / 2
    f -= abs(opt["L2"] - 0.02) + 4 / config["components.tok2vec.model.width"]
    f -= 0.05 / config["components.tok2vec.model.depth"] + 2 / config["components.ner.model.hidden_width"]
    f -= 20 / config["training.batcher.size"] + 0.01 * opt["grad_clip"] + 0.3 / (1 + epoch)
    return {"ents_f": f, "ents_p": f + 0.02, "ents_r": f - 0.02}


def setup_table(columns, widths):
    def row(values):
        return "  ".join(f"{value:>{width}}" for value, width in zip(values, widths))

    print(row(columns))
    print("  ".join("-" * width for width in widths))
    return row


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train_cli(
    ctx: typer.Context,
    config_path: Path = typer.Argument(Path("config.cfg"), help="Path to config file"),
    output_path: Path = typer.Option(None, "--output", "--output-path", "-o", help="Output directory for the pipeline"),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
):
    """Train or update a pipeline. Settings of the config can be overridden with --section.key value."""
    config = Config.from_disk(config_path, parse_overrides(ctx.args))
    if output_path is not None:
        if not output_path.exists():
            output_path.mkdir(parents=True)
            print(f"✔ Created output directory: {output_path}")
        print(f"ℹ Saving to output directory: {output_path}")
    print("ℹ Using CPU" if use_gpu < 0 else f"ℹ Using GPU: {use_gpu}")
    print("\n=========================== Initializing pipeline ===========================")
    print("✔ Initialized pipeline")
    print("\n============================= Training pipeline =============================")
    print(f"ℹ Pipeline: {config['nlp.pipeline']}")
    print(f"ℹ Initial learn rate: {config['training.optimizer.learn_rate']}")

    row = setup_table(["E", "#", "LOSS TOK2VEC", "LOSS NER", "ENTS_F", "ENTS_P", "ENTS_R", "SCORE"],
                      [3, 6, 12, 8, 6, 6, 6, 6])
    weights = config.part("training.score_weights")
    best, step = None, 0
    for epoch in range(config["training.max_epochs"]):
        values = scores(config, epoch)
        score = sum(weights.get(name, 0) * value for name, value in values.items())
        print(row([epoch, step, f"{900 * (1 - score):.2f}", f"{1500 * (1 - score):.2f}",
                   *(f"{100 * values[name]:.2f}" for name in ("ents_f", "ents_p", "ents_r")), f"{score:.2f}"]))
        if best is None or score > best:
            best = score
            if output_path is not None:
                (output_path / "model-best").mkdir(exist_ok=True)
                (output_path / "model-best" / "meta.json").write_text(json.dumps(
                    {"lang": config["nlp.lang"], "pipeline": config["nlp.pipeline"], "performance": values}, indent=2))
        step += config["training.eval_frequency"]
        if step >= config["training.max_steps"]:
            break
    print("✔ Saved pipeline to output directory" if output_path is not None else "✔ Training done")
    if output_path is not None:
        print(output_path / "model-last")


if __name__ == "__main__":
    app()
