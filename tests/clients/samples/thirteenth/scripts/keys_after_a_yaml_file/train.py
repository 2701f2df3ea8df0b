"""Training loop and decoding of the language model."""
import json
import math
import os
import sys
import time

import numpy as np

from maxlite import max_utils, pyconfig


def loss_floor(config):
    loss = 2.6 + 0.2 * abs(math.log10(config.learning_rate) + 3.3) + 0.5 * abs(config.adam_b2 - 0.98)
    loss += 60 / config.base_emb_dim + 0.8 / config.base_num_decoder_layers + 3 / config.per_device_batch_size
    loss += 0.3 * abs(config.warmup_steps_fraction - 0.05) + 0.2 * config.dropout_rate
    loss += abs(config.adam_weight_decay - 0.05) + 0.03 * abs(config.gradient_clipping_threshold - 0.5)
    return loss


def loss_at(config, step):
    return loss_floor(config) + 40 / (step + 10)


def record_scalar_metrics(metrics, step_time_seconds, per_device_tflops, lr):
    """Adds the values that do not come out of the step itself."""
    metrics["scalar"].update({
        "perf/step_time_seconds": step_time_seconds,
        "perf/per_device_tflops_per_sec": per_device_tflops / max(step_time_seconds, 1e-9),
        "learning/current_learning_rate": lr,
    })


def write_metrics_locally(metrics, step, config, file):
    file.truncate(0) if step == 0 else None
    file.write(str(json.dumps({**metrics["scalar"], "step": float(step), "run_name": config.run_name}) + "\n"))


def write_metrics_to_console(metrics, step, tokens):
    scalar = metrics["scalar"]
    print(
        f"completed step: {step}, seconds: {scalar['perf/step_time_seconds']:.3f}, "
        f"TFLOP/s/device: {scalar['perf/per_device_tflops_per_sec']:.3f}, "
        f"Tokens/s/device: {tokens / max(scalar['perf/step_time_seconds'], 1e-9):.3f}, "
        f"total_weights: {tokens}, "
        f"loss: {scalar['learning/loss']:.3f}",
        flush=True,
    )


def eval_loop(config, step):
    cumulative = {"total_loss": 0.0, "total_weights": 0.0}
    for _ in range(config.eval_steps):
        weights = config.per_device_batch_size * config.max_target_length
        cumulative["total_loss"] += (loss_at(config, step) - 0.1) * weights
        cumulative["total_weights"] += weights
    eval_loss = cumulative["total_loss"] / cumulative["total_weights"]
    print(f"average loss after {step=}: {eval_loss=}, total_weights={cumulative['total_weights']}")
    return eval_loss


def train_loop(config):
    np.random.seed(config.data_shuffle_seed)
    schedule = max_utils.create_learning_rate_schedule(config)
    num_params = max_utils.calculate_num_params(config)
    print(f"number parameters: {num_params/1e9:.3f} billion")

    tokens = int(config.per_device_batch_size * config.max_target_length)
    per_device_tflops = 6 * num_params * tokens / 1e12
    print(f"Per train step:\n Total TFLOPs: {per_device_tflops:.2f}")

    os.makedirs(os.path.join(config.base_output_directory, config.run_name), exist_ok=True)
    local_metrics_file = open(config.metrics_file, "a", encoding="utf8") if config.metrics_file else None

    last_step_completion = time.time()
    for step in range(config.steps):
        metrics = {"scalar": {"learning/loss": loss_at(config, step), "learning/grad_norm": 1 + 3 / (step + 1)}}
        now = time.time()
        record_scalar_metrics(metrics, now - last_step_completion, per_device_tflops, schedule(step))
        last_step_completion = now
        write_metrics_to_console(metrics, step, tokens)
        if local_metrics_file:
            write_metrics_locally(metrics, step, config, local_metrics_file)

        if config.eval_interval > 0 and (step + 1) % config.eval_interval == 0:
            eval_loop(config, step)

    if local_metrics_file:
        local_metrics_file.close()


def main(argv):
    config = pyconfig.initialize(argv)
    print(f"Found 1 devices.")
    train_loop(config)


if __name__ == "__main__":
    main(sys.argv)
