import gc
import time
import warnings

import lightgbm as lgb
from features import folds, load_train, roc_auc_score

warnings.filterwarnings('ignore')

N_FOLDS = 5
SEED = 42
NUM_BOOST_ROUND = 2000
EARLY_STOPPING = 100

params = {
    'objective': 'binary',
    'boosting_type': 'gbdt',
    'metric': 'auc',
    'learning_rate': 0.05,
    'num_leaves': 31,
    'max_depth': -1,
    'feature_fraction': 0.8,
    'bagging_fraction': 0.9,
    'bagging_freq': 1,
    'min_data_in_leaf': 20,
    'lambda_l1': 0.1,
    'lambda_l2': 0.1,
    'verbosity': -1,
    'n_jobs': -1,
    'seed': SEED,
}


def kfold_lightgbm(X, y):
    oof_preds = [0.0] * len(X)
    scores = []
    for n_fold, (trn_idx, val_idx) in enumerate(folds(len(X), N_FOLDS)):
        print(f'----- Fold {n_fold + 1} / {N_FOLDS} -----')
        trn_data = lgb.Dataset([X[i] for i in trn_idx], label=[y[i] for i in trn_idx])
        val_data = lgb.Dataset([X[i] for i in val_idx], label=[y[i] for i in val_idx])

        clf = lgb.train(
            params,
            trn_data,
            NUM_BOOST_ROUND,
            valid_sets=[trn_data, val_data],
            callbacks=[lgb.early_stopping(EARLY_STOPPING), lgb.log_evaluation(200)],
        )
        predicted = clf.predict([X[i] for i in val_idx], num_iteration=clf.best_iteration)
        for i, v in zip(val_idx, predicted):
            oof_preds[i] = v
        scores.append(roc_auc_score([y[i] for i in val_idx], predicted))
        print('Fold %2d AUC : %.6f' % (n_fold + 1, scores[-1]))
        del clf, trn_data, val_data
        gc.collect()

    print('Full AUC score %.6f' % roc_auc_score(y, oof_preds))
    return oof_preds, scores


if __name__ == '__main__':
    t0 = time.time()
    X, y = load_train()
    print(f'Train shape: ({len(X)}, {len(X[0])})')
    kfold_lightgbm(X, y)
    print(f'Done in {time.time() - t0:.0f}s')
