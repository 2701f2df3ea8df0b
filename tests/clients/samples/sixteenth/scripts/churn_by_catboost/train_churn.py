"""
Customer churn prediction with CatBoost
"""
import os

from catboost import CatBoostClassifier, Pool

from metrics import classification_scores

CATEGORICAL = [1, 2]
FEATURES = ["tenure", "contract", "payment", "monthly_charges"]
MODEL_DIR = "models"


def load_data():
    rows = [[i % 72, f"c{i % 3}", f"p{i % 4}", 20 + i % 90] for i in range(2000)]
    target = [int(i % 4 == 0) for i in range(2000)]
    return rows[:1600], target[:1600], rows[1600:], target[1600:]


def main():
    X_train, y_train, X_val, y_val = load_data()
    print(f"Train: {len(X_train)} rows, validation: {len(X_val)} rows, churn rate {sum(y_train) / len(y_train):.2%}")

    train_pool = Pool(X_train, y_train, cat_features=CATEGORICAL)
    val_pool = Pool(X_val, y_val, cat_features=CATEGORICAL)

    model = CatBoostClassifier(
        iterations=500,
        learning_rate=0.05,
        depth=6,
        l2_leaf_reg=3.0,
        random_strength=1.0,
        bagging_temperature=0.8,
        eval_metric="AUC",
        auto_class_weights="Balanced",
        early_stopping_rounds=100,
        random_seed=42,
        verbose=100,
    )
    model.fit(train_pool, eval_set=val_pool, use_best_model=True)

    scores = classification_scores(model, X_val)
    print("=" * 40)
    print("VALIDATION RESULTS")
    print("=" * 40)
    print(f"ROC AUC:   {scores['auc']:.4f}")
    print(f"Accuracy:  {scores['accuracy']:.4f}")
    print(f"F1 score:  {scores['f1']:.4f}")

    print("\nFeature importance:")
    for name, importance in sorted(zip(FEATURES, model.get_feature_importance()), key=lambda x: -x[1]):
        print(f"  {name:<20} {importance:6.2f}")

    os.makedirs(MODEL_DIR, exist_ok=True)
    model.save_model(os.path.join(MODEL_DIR, "catboost_churn.cbm"))
    print(f"\nModel saved to {MODEL_DIR}/catboost_churn.cbm")


if __name__ == "__main__":
    main()
