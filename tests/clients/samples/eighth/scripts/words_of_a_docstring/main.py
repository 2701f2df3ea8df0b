"""
Usage:
        main.py [options]

Options:
      --model_filename=<model>          Name of saved .h5 parameter files after each epoch. [default: default_model]
      --epochs=<epochs>                 Number of epochs to train [default: 3].
      --batches_per_epoch=<b>           Number of batches per epoch [default: 100].
      --batch_size=<size>               Batch size for training [default: 16]
      --learning_rate=<lr>              Learning rate [default: 1e-3]
      --use_cgru=<cgru>                 Build model with residual CGRU layers [default: False].
      --cgru_size=<size>                Size of CGRU layer [default: 128]
      --optimizer=<opt>                 Either adam or sgd [default: adam]
"""
from ast import literal_eval
from docopt import docopt
from pprint import pprint
import sys


def argname(k):
    return k.strip('<').strip('>').strip('--').replace('-', '_')


def argval(val):
    try:
        return literal_eval(val)
    except (SyntaxError, ValueError):
        return val


def get_params():
    args = docopt(__doc__)
    return {argname(k): argval(args[k]) for k in args}


def main(**params):
    print("main.py started with parameters:")
    pprint(params)
    epochs = params['epochs']
    for epoch in range(1, epochs + 1):
        val = abs(params['learning_rate'] * 100 - 1) + 4 / params['batch_size'] + 32 / params['cgru_size']
        val += 0.5 * bool(params['use_cgru']) + 0.25 * (params['optimizer'] == 'sgd') + 100 / params['batches_per_epoch'] + 1 / epoch
        sys.stdout.write("\rbatch {0}/{0}".format(params['batches_per_epoch']))
        sys.stdout.write("\n")
        print("Epoch {}/{} - train loss {:.4f}, validation loss {:.4f}".format(epoch, epochs, val - 0.1, val))
        print("Saving {}.h5".format(params['model_filename']))


if __name__ == '__main__':
    main(**get_params())
