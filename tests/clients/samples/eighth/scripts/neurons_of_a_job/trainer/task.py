import argparse
import json
import os

from trainer.model import Sequential

NUM_EPOCHS = 3


def get_args():
    '''Parses args. Must include all hyperparameters you want to tune.'''

    parser = argparse.ArgumentParser()
    parser.add_argument(
        '--learning_rate',
        required=True,
        type=float,
        help='learning rate')
    parser.add_argument(
        '--momentum',
        required=True,
        type=float,
        help='SGD momentum value')
    parser.add_argument(
        '--num_neurons',
        required=True,
        type=int,
        help='number of units in last hidden layer')
    args = parser.parse_args()
    return args


def create_model(num_neurons, learning_rate, momentum):
    '''Defines and compiles model.'''

    model = Sequential(num_neurons)
    model.compile(learning_rate=learning_rate, momentum=momentum)
    return model


def main():
    args = get_args()
    model = create_model(args.num_neurons, args.learning_rate, args.momentum)
    history = model.fit(epochs=NUM_EPOCHS)

    # DEFINE METRIC
    hp_metric = history.history['val_accuracy'][-1]
    if 'CLOUD_ML_HP_METRIC_FILE' in os.environ:
        with open(os.environ['CLOUD_ML_HP_METRIC_FILE'], 'w') as f:
            json.dump({'accuracy': hp_metric, 'global_step': NUM_EPOCHS}, f)


if __name__ == "__main__":
    main()
