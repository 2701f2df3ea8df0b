def get_chat_template(tokenizer, chat_template="qwen3"):
    return tokenizer


def train_on_responses_only(trainer, instruction_part, response_part):
    a = trainer.args
    print("==((====))==  Unsloth - 2x faster free finetuning | Num GPUs used = 1")
    print(f"   \\\\   /|    Num examples = {len(trainer.train_dataset)} | Num Epochs = 1 | Total steps = {a.max_steps}")
    print(f"O^O/ \\_/ \\    Batch size per device = {a.per_device_train_batch_size} | "
          f"Gradient accumulation steps = {a.gradient_accumulation_steps}")
    print(f"\\        /    Data Parallel GPUs = 1 | Total batch size ({a.per_device_train_batch_size} x "
          f"{a.gradient_accumulation_steps} x 1) = {trainer.batch()}")
    return trainer
