import warnings

import lightgbm as lgb
import numpy as np

warnings.filterwarnings('ignore')

SEED = 2023
N_SPLITS = 5
NUM_BOOST_ROUND = 400
EARLY_STOPPING_ROUNDS = 100

params = {
    'objective': 'regression',
    'metric': 'rmse',
    'boosting_type': 'gbdt',
    'learning_rate': 0.05,
    'num_leaves': 31,
    'max_depth': -1,
    'min_child_samples': 20,
    'feature_fraction': 0.8,
    'bagging_fraction': 0.8,
    'bagging_freq': 1,
    'lambda_l1': 0.1,
    'lambda_l2': 0.1,
    'verbosity': -1,
    'seed': SEED,
}


def load_train():
    rng = np.random.default_rng(SEED)
    X = rng.normal(size=(600, 8))
    y = 12 + X[:, 0] / 4
    return np.column_stack([X, y]), y


def main():
    X, y = load_train()
    oof = np.zeros(len(y))
    scores = []
    models = []

    fold_of = np.arange(len(y)) % N_SPLITS
    for fold in range(N_SPLITS):
        print(f'----- Fold {fold + 1} / {N_SPLITS} -----')
        trn_idx, val_idx = np.where(fold_of != fold)[0], np.where(fold_of == fold)[0]
        dtrain = lgb.Dataset(X[trn_idx], label=y[trn_idx])
        dvalid = lgb.Dataset(X[val_idx], label=y[val_idx], reference=dtrain)

        model = lgb.train(
            params,
            dtrain,
            num_boost_round=NUM_BOOST_ROUND,
            valid_sets=[dtrain, dvalid],
            valid_names=['train', 'valid'],
            callbacks=[lgb.early_stopping(EARLY_STOPPING_ROUNDS), lgb.log_evaluation(100)],
        )
        oof[val_idx] = model.predict(X[val_idx], num_iteration=model.best_iteration)
        score = np.sqrt(np.mean((oof[val_idx] - y[val_idx]) ** 2))
        print(f'Fold {fold + 1} RMSE: {score:.5f}')
        scores.append(score)
        models.append(model)

    print()
    print(f'Mean RMSE: {np.mean(scores):.5f} +/- {np.std(scores):.5f}')
    print(f'OOF RMSE: {np.sqrt(np.mean((oof - y) ** 2)):.5f}')
    for i, model in enumerate(models):
        model.save_model(f'lgb_fold{i}.txt')
    np.save('oof_lgb.npy', oof)


if __name__ == '__main__':
    main()
