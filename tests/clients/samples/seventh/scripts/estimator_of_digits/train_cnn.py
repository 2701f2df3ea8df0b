"""A convolutional network as an estimator."""

from __future__ import absolute_import
from __future__ import print_function

from tflike import CIFAR, Estimator


def main1(unused_argv):
    print("not used")


def main3(unused_argv):
    cifar = CIFAR('/data/cifar', shuffle=True, normalize=True, augment=True, one_hot=False, batch_size=100)

    def train_input_fn():
        return cifar

    def eval_input_fn():
        return cifar

    classifier = Estimator(model_dir="/tmp/logs/cifar_cnn")

    for i in range(3):
        classifier.train(
            input_fn=train_input_fn,
            steps=500)

        eval_results = classifier.evaluate(input_fn=eval_input_fn)
        print(eval_results)


if __name__ == "__main__":
    main3(None)
