#!/usr/bin/env python
# coding: utf-8

# # Loyalty score: LightGBM with out-of-fold predictions

# In[1]:

import datetime
import gc
import time
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd

warnings.simplefilter(action='ignore', category=FutureWarning)

# ## Loading the data

# In[2]:


def make_frame(rows, seed):
    rng = np.random.default_rng(seed)
    target = rng.normal(scale=3.8, size=rows)
    frame = pd.DataFrame({'signal': target})
    frame['purchase_amount_mean'] = target * 0.3 + rng.normal(size=rows)
    frame['month_lag_mean'] = rng.normal(size=rows)
    frame['installments_sum'] = rng.integers(0, 12, size=rows)
    frame['first_active_month'] = pd.Timestamp('2017-01-01') + pd.to_timedelta(rng.integers(0, 365, rows), unit='D')
    frame['target'] = target
    return frame


df_train = make_frame(400, 1)
df_test = make_frame(100, 2)
print("{:,} observations and {} features in train set.".format(df_train.shape[0], df_train.shape[1]))
print("{:,} observations and {} features in test set.".format(df_test.shape[0], df_test.shape[1]))

# ## Feature engineering

# In[3]:

for df in [df_train, df_test]:
    df['elapsed_time'] = (datetime.datetime(2018, 2, 1) - df['first_active_month']).dt.days
    df['dayofweek'] = df['first_active_month'].dt.dayofweek
    df['month'] = df['first_active_month'].dt.month

df_train['outliers'] = 0
df_train.loc[df_train['target'] < -8, 'outliers'] = 1
print(df_train['outliers'].value_counts())

target = df_train['target']
del df_train['target']

df_train_columns = [c for c in df_train.columns if c not in ['first_active_month', 'target', 'outliers']]
gc.collect()

# ## Training

# In[4]:

param = {'num_leaves': 50,
         'min_data_in_leaf': 11,
         'objective': 'regression',
         'max_depth': 5,
         'learning_rate': 0.005,
         "min_child_samples": 30,
         "boosting": "gbdt",
         "feature_fraction": 0.9,
         "bagging_freq": 1,
         "bagging_fraction": 0.9,
         "bagging_seed": 11,
         "metric": 'rmse',
         "lambda_l1": 0.1,
         "verbosity": -1,
         "nthread": 4,
         "random_state": 4590}

n_splits = 4
start = time.time()
oof = np.zeros(len(df_train))
predictions = np.zeros(len(df_test))
feature_importance_df = pd.DataFrame()

order = np.random.RandomState(4590).permutation(len(df_train))
folds = np.array_split(order, n_splits)

for fold_, val_idx in enumerate(folds):
    trn_idx = np.setdiff1d(order, val_idx)
    print("fold n°{}".format(fold_))
    trn_data = lgb.Dataset(df_train.iloc[trn_idx][df_train_columns], label=target.iloc[trn_idx])
    val_data = lgb.Dataset(df_train.iloc[val_idx][df_train_columns], label=target.iloc[val_idx])

    num_round = 10000
    clf = lgb.train(param, trn_data, num_round, valid_sets=[trn_data, val_data], verbose_eval=200,
                    early_stopping_rounds=200)
    oof[val_idx] = clf.predict(df_train.iloc[val_idx][df_train_columns], num_iteration=clf.best_iteration)

    fold_importance_df = pd.DataFrame()
    fold_importance_df["feature"] = df_train_columns
    fold_importance_df["importance"] = clf.feature_importance()
    fold_importance_df["fold"] = fold_ + 1
    feature_importance_df = pd.concat([feature_importance_df, fold_importance_df], axis=0)

    predictions += clf.predict(df_test[df_train_columns], num_iteration=clf.best_iteration) / n_splits

print("CV score: {:<8.5f}".format(float(np.sqrt(np.mean((oof - target) ** 2)))))
print("took {:.1f} s".format(time.time() - start))

# In[5]:

cols = (feature_importance_df[["feature", "importance"]]
        .groupby("feature")
        .mean()
        .sort_values(by="importance", ascending=False)[:10])
print(cols)

# ## Submission

# In[6]:

sub_df = pd.DataFrame({"card_id": ["C_ID_%05d" % i for i in range(len(df_test))]})
sub_df["target"] = predictions
sub_df.to_csv("submission.csv", index=False)
