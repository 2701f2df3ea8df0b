#!/usr/bin/env python
# coding: utf-8

# # Card fraud: gradient boosting
# Exported from `notebooks/02_model.ipynb`.

# In[1]:


import json
import warnings

import joblib
import pandas as pd
from sklearn.metrics import precision_score, recall_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

warnings.filterwarnings("ignore")


# In[2]:


# Data of the preprocessing notebook
df = pd.read_csv("processed_data.csv")
print(df.shape)

X = df.drop(columns=["Class"])
y = df["Class"]
print(y.value_counts(normalize=True))


# In[3]:


# The API needs the columns in this order
feature_names = list(X.columns)
with open("feature_list.json", "w") as f:
    json.dump(feature_names, f)


# In[4]:


scaler = StandardScaler()
X_scaled = scaler.fit_transform(X)

# few frauds, many payments
scale_pos_weight = (y == 0).sum() / (y == 1).sum()
print(f"scale_pos_weight: {scale_pos_weight:.2f}")


# In[5]:


model = XGBClassifier(
    n_estimators=200,
    max_depth=5,
    learning_rate=0.1,
    subsample=0.9,
    scale_pos_weight=scale_pos_weight,
    eval_metric="logloss",
    random_state=42,
    n_jobs=1,  # CPU only
)

skf = StratifiedKFold(n_splits=5, shuffle=True, random_state=42)
auc_scores = []

for fold, (train_idx, val_idx) in enumerate(skf.split(X_scaled, y), start=1):
    model.fit(X_scaled[train_idx], y.iloc[train_idx])
    proba = model.predict_proba(X_scaled[val_idx])[:, 1]
    auc_scores.append(roc_auc_score(y.iloc[val_idx], proba))

print("Mean ROC-AUC:", sum(auc_scores) / len(auc_scores))


# In[6]:


# Which threshold do we want in production?
proba = model.predict_proba(X_scaled)[:, 1]
threshold = 0.3
preds = (proba >= threshold).astype(int)

print("Precision:", precision_score(y, preds))
print("Recall:", recall_score(y, preds))
print("ROC-AUC:", roc_auc_score(y, proba))


# In[7]:


joblib.dump(model, "model.pkl")
joblib.dump(scaler, "scaler.pkl")
print("Saved model.pkl, scaler.pkl and feature_list.json")
