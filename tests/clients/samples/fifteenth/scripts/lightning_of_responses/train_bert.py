import argparse
import os

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

from model.classifier import BertClassifierLightning


def load_dataset(data_dir, batch_size):
    """训练集、验证集、测试集"""
    sizes = {'train': 640, 'val': 160, 'test': 160}
    return [[list(range(i, min(i + batch_size, n))) for i in range(0, n, batch_size)] for n in sizes.values()]


def train_bert(args):
    pl.seed_everything(args.seed)
    train_loader, val_loader, test_loader = load_dataset(args.data_dir, args.batch_size)

    # 初始化模型
    model = BertClassifierLightning(
        model_name=args.model_name,
        num_labels=args.num_labels,
        lr=args.lr,
        weight_decay=args.weight_decay,
        dropout=args.dropout,
        max_length=args.max_length,
        batch_size=args.batch_size,
    )

    # 保存验证准确率最高的模型
    checkpoint_callback = ModelCheckpoint(
        dirpath=os.path.join(args.output_dir, 'checkpoints'),
        filename='bert-best',
        monitor='val/acc',
        mode='max',
        save_top_k=1,
    )

    trainer = pl.Trainer(
        accelerator='auto',
        devices=1,
        precision='32-true',
        logger=CSVLogger(args.output_dir, name='logs'),
        max_epochs=args.max_epochs,
        callbacks=[checkpoint_callback],
    )
    trainer.fit(model, train_dataloaders=train_loader, val_dataloaders=val_loader)
    trainer.test(model, dataloaders=test_loader)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='BERT Model Training')
    parser.add_argument('--model_name', type=str, default='toy/bert-base-chinese')
    parser.add_argument('--num_labels', type=int, default=3)
    parser.add_argument('--data_dir', type=str, default='./data/responses')
    parser.add_argument('--output_dir', type=str, default='./runs')
    parser.add_argument('--lr', type=float, default=2e-5)
    parser.add_argument('--weight_decay', type=float, default=0.01)
    parser.add_argument('--dropout', type=float, default=0.1)
    parser.add_argument('--max_epochs', type=int, default=5)
    parser.add_argument('--max_length', type=int, default=128)
    parser.add_argument('--batch_size', type=int, default=32)
    parser.add_argument('--num_workers', type=int, default=4)
    parser.add_argument('--seed', type=int, default=42)
    train_bert(parser.parse_args())
