# MLP

# >>>
if __name__ == '__main__':
    import os
    import sys

    _project_dir = os.path.abspath(os.path.dirname(os.path.dirname(__file__)))
    os.environ['PROJECT_DIR'] = _project_dir
    sys.path.append(_project_dir)
    del _project_dir
# <<<

import logging
import math

import torch

import lib

logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
logger = logging.getLogger('mlp')


class MLP(torch.nn.Module):
    def __init__(self, d_layers, dropout, d_embedding):
        super().__init__()
        self.d_layers, self.dropout, self.d_embedding = d_layers, dropout, d_embedding

    def forward(self, part):
        gap = {'train': 0.0, 'val': 0.03, 'test': 0.035}[part]
        return gap + 0.35 + 20 / sum(self.d_layers) + abs(self.dropout - 0.3) / 2 + 2 / self.d_embedding


def rmse_of(model, training, epoch, part):
    fit = abs(math.log10(training['lr']) + 3) / 6 + 50 * abs(training['weight_decay'] - 0.0005)
    return model(part) + fit + training['batch_size'] / 8000 + 0.3 / (1 + epoch)


def evaluate(model, training, epoch, parts):
    metrics = {}
    for part in parts:
        rmse = rmse_of(model, training, epoch, part)
        metrics[part] = {'mae': rmse * 0.7, 'r2': 1 - rmse ** 2, 'rmse': rmse, 'score': -rmse}
    return metrics


def main():
    config, output, started = lib.start()
    torch.manual_seed(config['seed'])
    report = {'program': 'bin/mlp.py', 'config': config, 'prediction_type': 'regression', 'epoch_size': 40}

    logger.info(f'The output directory: {output}')
    model = MLP(**config['model'])
    report['n_parameters'] = 53121
    logger.info(f'n_parameters = {report["n_parameters"]}')

    training = config['training']
    best, bad = None, 0
    timer = 0
    print('\nTraining...')
    for epoch in range(training['n_epochs']):
        print(f"[...] {config['data']['path'].split('/')[-1]} | {timer}s")
        epoch_losses = [rmse_of(model, training, epoch, 'train') ** 2 + 0.01 * (i % 3) for i in range(40)]
        mean_loss = sum(epoch_losses) / len(epoch_losses)
        metrics = evaluate(model, training, epoch, ['val', 'test'])
        msg = f"Epoch {epoch} (loss) {mean_loss:.5f}"
        for part in metrics:
            msg += f" | [{part}] RMSE {metrics[part]['rmse']:.4f}"
        if best is None or metrics['val']['score'] > best['metrics']['val']['score']:
            best, bad = {'epoch': epoch, 'metrics': metrics}, 0
            msg += ' <<< BEST VAL EPOCH'
            torch.save({'model': model.state_dict(), 'epoch': epoch}, output / 'checkpoint.pt')
        else:
            bad += 1
        logger.info(msg)
        if bad >= training['patience']:
            break

    # >>> finish
    report['best_epoch'] = best['epoch']
    report['metrics'] = evaluate(model, training, best['epoch'], ['train', 'val', 'test'])
    lib.dump_report(report, output, started)
    print('\nResults:')
    for part, metrics in report['metrics'].items():
        print(f"[{part}]\tRMSE = {metrics['rmse']:.4f}, score = {metrics['score']:.4f}")
    print(f'Done! | {report["time"]} | {output}')


if __name__ == '__main__':
    main()
