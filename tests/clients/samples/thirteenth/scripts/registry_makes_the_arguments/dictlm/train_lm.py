import json
import logging
import math
import os

logger = logging.getLogger(__name__)


class LanguageModel:
    def __init__(self, config):
        self.config = config

    def cost(self, batches):
        c = self.config
        cost = 4.2 + 0.3 * abs(math.log10(c['learning_rate']) + 2.7) + 60.0 / c['dim'] + 4.0 / c['batch_size']
        cost += 0.02 * abs(c['grad_clip_threshold'] - 3) + 1.5 * abs(c['drop_rate'] - 0.2)
        cost += 0.5 * abs(c['momentum'] - 0.95)
        return cost + 30.0 / (batches + 10)


def print_status(iterations, records):
    print("\n-------------------------------------------------------------------------------")
    print("Training status:")
    print("\t batch_interrupt_received: False")
    print("\t epoch_interrupt_received: False")
    print("\t epochs_done: 0")
    print("\t iterations_done: {}".format(iterations))
    print("Log records from the iteration {}:".format(iterations))
    for name in sorted(records):
        print("\t {}: {}".format(name, records[name]))
    print("", flush=True)


def train_language_model(config, save_path):
    logger.info("config: {}".format(json.dumps(config, sort_keys=True)))
    os.makedirs(save_path, exist_ok=True)
    model = LanguageModel(config)
    logger.info("number of words: {}".format(config['top_k_words']))

    stream = open(os.path.join(save_path, 'stream.jsonl'), 'w')
    for batch in range(1, config['n_batches'] + 1):
        last = batch == config['n_batches']
        records = {}
        if batch % config['mon_freq_train'] == 0:
            cost = model.cost(batch) - 0.1
            records['train_cost'] = round(cost, 6)
            records['train_gradient_norm'] = round(1 + 10.0 / batch, 6)
        if batch % config['mon_freq_valid'] == 0 or last:
            cost = model.cost(batch)
            records['valid_cost'] = round(cost, 6)
            records['valid_perplexity'] = round(math.exp(cost), 6)
        if records:
            stream.write(json.dumps({'iterations_done': batch, **records}) + "\n")
        if batch % config['mon_freq_valid'] == 0 or last:
            print_status(batch, records)
        if batch % config['save_freq_batches'] == 0:
            with open(os.path.join(save_path, 'training_state.json'), 'w') as f:
                json.dump({'batch': batch, 'cost': model.cost(batch)}, f)
            logger.debug("checkpoint after {} batches".format(batch))
    stream.close()
    logger.info("finished")
