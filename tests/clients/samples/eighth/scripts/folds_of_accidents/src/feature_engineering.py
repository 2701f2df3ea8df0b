def feature_engineering(rows):
    return [{**row, "speed_x_curvature": float(row["speed_limit"]) * float(row["curvature"])} for row in rows]
