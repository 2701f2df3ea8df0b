class TrainingArguments:
    def __init__(self, **words):
        self.__dict__.update(words)


class Trainer:
    def __init__(self, model=None, tokenizer=None, args=None, data_collator=None, train_dataset=None):
        self.args = args

    def train(self):
        args = self.args
        for epoch in range(1, args.num_train_epochs + 1):
            loss = abs(args.learning_rate * 1000 - 1) + 1 / args.gradient_accumulation_steps + 1 / epoch
            print({'loss': round(loss, 4), 'grad_norm': 0.9, 'learning_rate': args.learning_rate, 'epoch': float(epoch)})
        print({'train_runtime': 3.2, 'train_loss': round(loss, 4), 'epoch': float(args.num_train_epochs)})
