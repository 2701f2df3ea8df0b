import argparse
import logging
import os
import sys
import wandb
WANDB = True

def get_logger(name):
    logging.basicConfig(level=logging.INFO, format='%(asctime)s - %(name)s - %(levelname)s - %(message)s', filename=name)
    logger = logging.getLogger(__name__)
    s_handle = logging.StreamHandler(sys.stdout)
    s_handle.setLevel(logging.INFO)
    s_handle.setFormatter(logging.Formatter("%(asctime)s - %(levelname)s - %(filename)s[:%(lineno)d] - %(message)s"))
    logger.addHandler(s_handle)
    return logger

def train_dp(args, logger):
    if WANDB:
        wandb.init(project=f'finetune', name="Freeze_10")
        wandb.config.update(args)

    logger.info("Initializing Model...")
    global_steps = 0
    for epoch in range(args.epoch):
        loss = abs(args.lr * 10000 - 1) + 1 / (epoch + 1)
        if WANDB:
            global_steps += 1
            wandb.log({
                'triplet loss' : loss,
                'lr' : args.lr,
                'global_step' : global_steps,
            })

        if (epoch+1) % args.eval_every == 0:
            logger.info(f"Doing Evaluation ...")
            mrr = 0.9 - loss / 10 - args.freeze_cnt / 100 - 1 / args.batch_size
            logger.info(f"[*] epoch: [{epoch}/{args.epoch+1}], mrr={mrr}")
            if WANDB:
                wandb.log({
                    'mrr': mrr
                })
        if (epoch+1) % args.save_every == 0:
            logger.info(f"Saving Model ...")
            os.makedirs(os.path.join(args.output_path, f"finetune_epoch_{epoch+1}"), exist_ok=True)
            logger.info(f"Done")

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description="Finetune")
    parser.add_argument("--model_path", type=str, default='./models/pretrain',  help='the path of pretrain model')
    parser.add_argument("--output_path", type=str, default='./models/finetune', help='the path where the finetune model be saved')
    parser.add_argument("--epoch", type=int, default=3, help='number of training epochs')
    parser.add_argument("--lr", type=float, default=1e-5, help='learning rate')
    parser.add_argument("--warmup", type=int, default=1000, help='warmup steps')
    parser.add_argument("--batch_size", type=int, default = 64, help='training batch size')
    parser.add_argument("--log_every", type=int, default =1, help='logging frequency')
    parser.add_argument("--freeze_cnt", type=int, default=10, help='number of layers to freeze')
    parser.add_argument("--weight_decay", type=int, default = 1e-4, help='regularization weight decay')
    parser.add_argument("--eval_every", type=int, default=1, help="evaluate the model every x epochs")
    parser.add_argument("--save_every", type=int, default=1, help="save the model every x epochs")

    args = parser.parse_args()

    from datetime import datetime
    now = datetime.now() # current date and time
    TIMESTAMP="%Y%m%d%H%M"
    tim = now.strftime(TIMESTAMP)
    logger = get_logger(f"ft_{args.lr}_batchsize_{args.batch_size}_weight_decay_{args.weight_decay}_{tim}")

    logger.info(f"Loading Pretrained Model from {args.model_path} ...")
    train_dp(args, logger)
    logger.info("Finished Training")
