import os
from utils import seed_everything, parse_args_train
from train import Trainer

if __name__ == "__main__":
    config = parse_args_train()
    seed_everything(config.seed)
    if not os.path.exists(config.save_path):
        os.makedirs(config.save_path)
    trainer = Trainer(
        config.model,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        epochs=config.epochs,
        scheduler=config.scheduler,
        warmup=config.warmup,
        fp16=config.fp16,
    )
    trainer.train()
