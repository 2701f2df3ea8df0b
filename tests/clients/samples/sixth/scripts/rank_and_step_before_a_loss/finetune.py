import argparse
import os
from dataclasses import dataclass

from trainerlike import Trainer, TrainingArguments


@dataclass
class Experiment:
    """One model and its arguments."""

    model_name: str
    training_arguments: TrainingArguments
    num_samples: int = 1024


def main(tmp_cache_path: str, data_path: str, seed=1):
    experiments = [
        Experiment(
            model_name=model_name,
            training_arguments=TrainingArguments(
                output_dir=f"out/{model_name}-es",
                per_device_train_batch_size=batch_size,
                num_train_epochs=3,
                learning_rate=5e-5,
                evaluation_strategy="epoch",
                seed=seed,
                logging_steps=500,
            ),
        )
        for model_name, batch_size in [
            ("pythia-14m", 4),
            # ("pythia-70m", 4),
        ]
    ]
    for experiment in experiments:
        print("Parallelising over 1 GPUs...")
        print(f"Number of trainable parameters: {14067712}")

        class LossLoggingCallback:
            def on_log(self, step, logs=None):
                gpu_rank = int(os.environ.get('LOCAL_RANK', '0'))
                if 'loss' in logs:
                    print(f"{gpu_rank}: Step {step}: Training loss: {logs['loss']}")
                if 'eval_loss' in logs:
                    print(f"{gpu_rank}: Step {step}: Evaluation loss: {logs['eval_loss']}")

        trainer = Trainer(experiment.training_arguments)
        trainer.add_callback(LossLoggingCallback())
        trainer.train()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--tmp_cache_path", default=".cache", help="Path to cache (repeatedly cleared to free disk space)")
    parser.add_argument("--data_path", default="data/tokenized.hf", help="Path to data")
    parser.add_argument("--seed", default=1)
    args = parser.parse_args()

    main(args.tmp_cache_path, args.data_path, args.seed)
