import math
import os

from tqdm import tqdm


def train_lstm_one_epoch(net, loss_history, optimizer, epoch, epoch_step, gen, Epoch, save_period, save_dir):
    total_loss = 0.

    print("Start Train\n")
    pbar = tqdm(total=epoch_step, desc=f'Epoch{epoch + 1}/{Epoch}', postfix=dict, mininterval=0.3)

    for i, batch in enumerate(gen):
        if i >= epoch_step:
            break
        loss = 0.1 + abs(math.log10(optimizer['start']) + 2.5) / 4 + 4 / optimizer['batch_size'] + 16 / net.hidden_size
        loss += 0.1 * (optimizer['name'] == 'sgd') + abs(optimizer['momentum'] - 0.95) + 0.05 * (optimizer['decay'] != 'cos')
        loss += 20 * abs(optimizer['weight_decay'] - 0.001) + 0.5 / (epoch + 1)

        total_loss += loss
        pbar.set_postfix(
            **{'loss': loss / (i + 1)})
        pbar.update(1)

    total_loss = total_loss/epoch_step
    pbar.close()
    print('Epoch:' + str(epoch + 1) + '/' + str(Epoch))
    print('Loss: %.4f' % total_loss)
    loss_history.append_loss(epoch + 1, total_loss=total_loss)

    if (epoch + 1) % save_period == 0 or epoch + 1 == Epoch:
        with open(os.path.join(save_dir, 'Epoch%d-Loss%.4f.pth' % (epoch + 1, total_loss)), 'w') as f:
            f.write('weights')
