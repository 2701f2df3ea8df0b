from hflike import Trainer, TrainingArguments


model_path = "state-spaces/mamba-370m"
data = list(range(16))


def collate(elements):
    return elements


args = TrainingArguments(
    output_dir="out",
    auto_find_batch_size=True,
    logging_steps=500,
    save_steps=5000,
    gradient_accumulation_steps=4,
    num_train_epochs=2,
    optim="paged_adamw_32bit",
    learning_rate=0.0005,
    fp16=False,
    bf16=True,
    save_safetensors=False,
)

trainer = Trainer(
    model=None,
    tokenizer=None,
    args=args,
    data_collator=collate,
    train_dataset=data,
)

trainer.train()
