import click
from trainers import SFTTrainer
from gpt import GPT
from configs import get_configs

def train(pretrain, batch_size, exp_name):
    device = 'cpu'

    cfg = get_configs("gpt2-medium") # change this line to select different models
    # cfg = get_configs("gpt2") # change this line to select different models

    # cfg.max_steps = 200000 // batch_size
    cfg.max_steps = cfg.max_steps // batch_size
    cfg.max_cumulate_iter = cfg.max_cumulate_iter // batch_size
    cfg.eval_set_size = cfg.eval_set_size // batch_size
    cfg.batch_size = batch_size
    cfg.pretrain = pretrain
    assert pretrain == "huggingface" # make sure the pretrained model is in the format of huggingface.
    cfg.exp_name = exp_name

    # load the pretrained GPT model based on the configuration
    model = GPT.from_pretrained(cfg)

    # load SFT dataset
    train_ds = range(30000)
    test_ds = range(50)

    trainer = SFTTrainer(cfg, device, model, train_ds, test_ds)
    trainer.fit()


@click.command()
@click.option('--pretrain', '-p', default="huggingface")
@click.option('--batch-size', '-b', default=1)
@click.option('--exp-name', '-n', default="default")
def main(pretrain, batch_size, exp_name):
    train(pretrain, batch_size, exp_name)


if __name__ == "__main__":
    main()
