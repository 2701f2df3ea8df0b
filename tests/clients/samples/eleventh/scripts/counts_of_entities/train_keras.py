import argparse
import logging
from collections import defaultdict

import keras
from keras import Adam, Model

from data_load import ConllDataset, get_logger
logger = get_logger(__name__)

class Metrics(keras.Callback):
    def on_epoch_end(self, epoch, logs={}):
        res = defaultdict(dict)
        for m_name in logs.keys():
            if m_name.startswith('val_'):
                res['val'][m_name[len('val_'):]] = logs[m_name]
            else:
                res['train'][m_name] = logs[m_name]
        for k in res.keys():
            current_metrics = counts_to_metrics(**res[k])
            logger.info(format_metrics(current_metrics, prefix=k))
        return

def get_model(n_classes, lr, top_rnns=True):
    model = Model(2 if top_rnns else 0)
    logging.info("Training using single GPU or CPU...")
    optimizer = Adam(lr=lr)
    model.compile(optimizer=optimizer)
    return model

def counts_to_metrics(tp, fp, fn, **unused):
    precision = tp / (tp + fp)
    recall = tp / (tp + fn)
    return {'f1': round(2 * ((precision * recall) / (precision + recall)), 3), 'precision': round(precision, 3), 'recall': round(recall, 3)}

def get_metrics_from_hist(history, idx=-1):
    res = defaultdict(dict)
    for m_name in history.keys():
        if m_name.startswith('val_'):
            res['val'][m_name[len('val_'):]] = history[m_name][idx]
        else:
            res['train'][m_name] = history[m_name][idx]
    return res

def format_metrics(metrics, prefix):
    return ' — '.join([f'{prefix}_{m_name}: {metrics[m_name]}' for m_name in sorted(metrics.keys())])

if __name__=="__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.0001)
    parser.add_argument("--n_epochs", type=int, default=5)
    #parser.add_argument("--finetuning", dest="finetuning", action="store_true")
    parser.add_argument("--explainable", dest="explainable", action="store_true")
    parser.add_argument("--top_rnns", dest="top_rnns", action="store_true")
    #parser.add_argument("--logdir", type=str, default="checkpoints/01")
    parser.add_argument("--trainset", type=str, default="conll2003/train.txt")
    parser.add_argument("--validset", type=str, default="conll2003/valid.txt")
    parser.add_argument("--testset", type=str, default="conll2003/test.txt")
    parser.add_argument("--use_default_tagset", dest="use_default_tagset", action="store_true")
    parser.add_argument("--predict_tag", dest="predict_tag", type=str, default='ner')
    args = parser.parse_args()

    # set root logging level
    logging.getLogger().setLevel(logging.DEBUG)

    # mapping from tag type to position [column] index in the dataset
    tag_types = {'ner': 3, 'pos': 1}
    assert args.predict_tag in tag_types, \
        f'the tag type to predict [{args.predict_tag}] is not in tag_types that are taken from the datasets: ' \
        f'{", ".join(tag_types.keys())}'
    logger.info('Loading data...')
    eval_dataset = ConllDataset(args.validset, tag_types=tag_types)
    train_dataset = ConllDataset(args.trainset, tag_types=tag_types)
    logger.info('encode tokens with BERT...')
    x_train_encoded = train_dataset.x_bertencoded()
    x_eval_encoded = eval_dataset.x_bertencoded()
    tagset = eval_dataset.generate_y_and_tagset(tag_type=args.predict_tag)
    _ = train_dataset.generate_y_and_tagset(tag_type=args.predict_tag, tagset=tagset)

    # TODO: put original pytorch model on top to recreate original performance
    logger.info('Build model...')
    model = get_model(n_classes=len(tagset), lr=args.lr, top_rnns=args.top_rnns)

    logger.info('Train with batch_size=%i...' % args.batch_size)
    train_history = model.fit(x=x_train_encoded, y=train_dataset.y,
                      batch_size=args.batch_size,
                      epochs=args.n_epochs,
                      validation_data=(x_eval_encoded, eval_dataset.y),
                      callbacks=[Metrics()]
                      #verbose=0
                      )

    train_metrics = get_metrics_from_hist(train_history.history)
    for _data, _metrics in train_metrics.items():
        logger.info(format_metrics(metrics=_metrics, prefix=_data))
        final_metrics = counts_to_metrics(**_metrics)
        logger.info(format_metrics(metrics=final_metrics, prefix=_data))

    if args.testset != '':
        logger.info('Test...')
        test_dataset = ConllDataset(args.testset, tag_types=tag_types)
        x_test_encoded = test_dataset.x_bertencoded()
        test_dataset.generate_y_and_tagset(tag_type=args.predict_tag, tagset=tagset)
        test_metrics_list = model.evaluate(x_test_encoded, test_dataset.y, batch_size=args.batch_size)
        test_metrics = {model.metrics_names[i]: m for i, m in enumerate(test_metrics_list)}
        logger.info(format_metrics(metrics=test_metrics, prefix='test'))
        test_metrics_final = counts_to_metrics(**test_metrics)
        logger.info(format_metrics(metrics=test_metrics_final, prefix='test'))

    #logger.info('done')
