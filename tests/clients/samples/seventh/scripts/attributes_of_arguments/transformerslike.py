class TrainingArguments:
    def __init__(self, output_dir=None):
        self.output_dir, self.learning_rate, self.num_train_epochs, self.weight_decay = output_dir, 5e-5, 3, 0.0
        self.per_device_train_batch_size = 8


class Trainer:
    def __init__(self, model=None, args=None, train_dataset=None, eval_dataset=None):
        self.args = args

    def train(self):
        for epoch in range(1, self.args.num_train_epochs + 1):
            print({'loss': round(self._loss(epoch) + 0.3, 4), 'grad_norm': 1.2, 'learning_rate': self.args.learning_rate, 'epoch': float(epoch)})

    def evaluate(self):
        result = {'eval_loss': round(self._loss(self.args.num_train_epochs), 6), 'eval_runtime': 1.2, 'epoch': float(self.args.num_train_epochs)}
        print(result)
        return result

    def _loss(self, epoch):
        args = self.args
        return abs(args.learning_rate * 10000 - 1) + args.weight_decay + 1 / args.per_device_train_batch_size + 1 / epoch
