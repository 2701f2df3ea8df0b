from transformers import (
    HfArgumentParser,
    TrainingArguments
)

from model import ReviewClassifier


def main():
    parser = HfArgumentParser(TrainingArguments)
    training_args, = parser.parse_args_into_dataclasses()
    print(f"output_dir : {training_args.output_dir}")

    model = ReviewClassifier(
        lr=training_args.learning_rate,
        weight_decay=training_args.weight_decay,
        batch_size=training_args.per_device_train_batch_size,
        warmup=training_args.warmup_steps,
    )
    for epoch in range(1, int(training_args.num_train_epochs) + 1):
        loss, accuracy = model.fit(epoch)
        print({'loss': round(loss - 0.1, 4), 'grad_norm': 1.25, 'learning_rate': training_args.learning_rate, 'epoch': float(epoch)})
        print({'eval_loss': loss, 'eval_accuracy': accuracy, 'eval_runtime': 1.02, 'eval_samples_per_second': 980.2, 'epoch': float(epoch)})


if __name__ == "__main__":
    main()
