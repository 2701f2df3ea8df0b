import numpy as np
import pandas as pd


def weekly_panel(n_items: int = 20, n_weeks: int = 120, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2022-01-03", periods=n_weeks, freq="7D")
    rows = []
    for item in range(n_items):
        level = rng.uniform(20, 80)
        season = 10 * np.sin(2 * np.pi * np.arange(n_weeks) / 52 + item)
        sales = np.clip(level + season + rng.normal(0, 4, n_weeks), 0, None)
        rows.append(pd.DataFrame({"id": f"item_{item}", "week_start": weeks, "sales": sales}))
    return pd.concat(rows, ignore_index=True)
