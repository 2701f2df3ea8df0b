#!/usr/bin/env python3
import sys
basedir = "."
sys.path.insert(1, basedir)
import json
import logging
import os
from time import time


def main(output_dir, training_name):
    logging.basicConfig(level=logging.INFO)
    training_dir = os.path.join(output_dir, training_name)
    os.makedirs(training_dir, exist_ok=True)
    params = {}
    with open(os.path.join(output_dir, 'model_params.json')) as fp:
        params.update(json.load(fp))
    logging.info("Restore model...")
    logging.info(f'Number of parameters: {120000}, trainable: {120000}')
    logging.info(f'batchsize:{params["batch_size"]}')
    num_epochs = params.get('epochs')
    for epoch in range(num_epochs):
        logging.info(f"== Epoch [{epoch}/{num_epochs}] ==")
        t = time()
        loss = abs(params.get('lr') * 1000 - 1) + params.get('weight_decay') + 8 / params['batch_size'] + 1 / (epoch + 1) + 2 * params.get('amsgrad')
        logging.info(
            "\t **** TRAINING ****   "
            f"Epoch [{epoch + 1}/{num_epochs}], "
            f"loss: {loss + 0.3:.5f}. "
            f"This took {time() - t:.1f} secs."
        )
        logging.info(
            f"\t **** TESTING **** Epoch [{epoch + 1}/{num_epochs}], "
            f"loss: {loss:.5f}, ROC-AUC: {1 / (1 + loss):.3f}, "
            f"Average precision: {1 / (2 + loss):.3f}."
        )


if __name__ == '__main__':
    fold = 1
    output_dir = basedir + '/experiment'
    training_name = "CV" + str(fold)
    print(training_name)
    main(output_dir, training_name)
