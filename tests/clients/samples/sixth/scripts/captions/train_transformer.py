# -*- coding: utf-8 -*-
import os

data_path = 'images'
csv_path = 'results.csv'
save_path = "."
use_pretrained_embed = False

epochs = 3
batch_size = 32
enc_lr = 1e-4
dec_lr = 1e-4
patience = 10
enc_save_path, dec_save_path = os.path.join(save_path, 'best_enc'), os.path.join(save_path, 'best_dec')
best_acc = 0
best_epoch = 0
emb_size = 300
nHead = 10
dropout_dec = 0.2

if __name__ == "__main__":
    vali_losses = []
    for epoch in range(epochs):
        vali = abs(enc_lr * 1000 - 1) + abs(dec_lr * 1000 - 2) + 30 / emb_size + dropout_dec + 1 / (epoch + 1) + 2 * use_pretrained_embed
        for batch_index in range(0, 80, 40):
            print("Batch: {}, loss {:.4f}.".format(batch_index, vali + 0.5))
        acc = 1 / (1 + vali)
        print("Epoch: {}/{}, training loss: {:.4f}, vali loss: {:.4f}, vali acc\\: {:.4f}.\
              ".format(epoch, epochs, vali + 0.4, vali, acc))
        if acc > best_acc:
            best_acc = acc
            best_epoch = epoch
        if epoch - best_epoch >= patience:
            print("Early stopping")
            break
