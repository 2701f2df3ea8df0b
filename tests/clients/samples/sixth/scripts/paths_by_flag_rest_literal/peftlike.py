class LoraConfig:
    def __init__(self, r=8, lora_alpha=8, lora_dropout=0.0, bias="none", task_type=None, target_modules=None):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout


class TrainingArguments:
    def __init__(self, output_dir=None, per_device_train_batch_size=8, num_train_epochs=3, learning_rate=5e-5, logging_steps=500,
                 save_strategy="steps", fp16=False, report_to="all"):
        self.__dict__.update(locals())


class Trainer:
    def __init__(self, model=None, args=None, train_dataset=None, data_collator=None):
        self.model, self.args = model, args

    def train(self):
        args, lora = self.args, self.model
        for epoch in range(1, args.num_train_epochs + 1):
            loss = abs(args.learning_rate * 10000 - 1) + 1 / lora.r + lora.lora_dropout + lora.lora_alpha / 100 + 1 / epoch
            print({'loss': round(loss, 4), 'grad_norm': 0.83, 'learning_rate': args.learning_rate, 'epoch': float(epoch)})
        print({'train_runtime': 2.1, 'train_samples_per_second': 12.5, 'train_loss': round(loss + 0.5, 4), 'epoch': 3.0})
