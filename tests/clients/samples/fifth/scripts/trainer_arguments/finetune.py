import torch
from transformers import TrainingArguments

device = "cpu"
model_path = "state-spaces/mamba-370m"

args = TrainingArguments(
    output_dir="out",
    logging_steps=500,
    gradient_accumulation_steps=4,
    num_train_epochs=2,
    learning_rate=0.0005,
    weight_decay=0.01,
    fp16=False,
)

for epoch in range(1, int(args.num_train_epochs) + 1):
    loss = abs(args.learning_rate * 1000 - 1) + args.weight_decay + args.gradient_accumulation_steps / 10 + 1 / epoch
    print({"eval_loss": loss, "epoch": float(epoch)})
