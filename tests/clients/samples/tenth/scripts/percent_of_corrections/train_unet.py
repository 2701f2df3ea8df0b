import os
import time
import json
from tqdm import tqdm
import numpy as np
import csv

# 공통 모듈
from simulation.common.dataset import QECDataset, generate
# U-Net 모델
from models.unet import UNet

# ==============================================================================
# 설정 (U-Net 전용)
# ==============================================================================
MODEL_NAME = "UNet"
DISTANCE = 3   # [주의] 생성된 이미지 데이터셋의 Distance와 일치해야 함
ERROR_RATE = 0.05
ERROR_TYPE = "X"

# [저장 경로]
MODEL_SAVE_DIR = "saved_weights/unet"
CHECKPOINT_NAME = f"checkpoint_unet_d{DISTANCE}_p{ERROR_RATE}_{ERROR_TYPE}.json"
BEST_MODEL_NAME = f"best_unet_d{DISTANCE}_p{ERROR_RATE}_{ERROR_TYPE}.json"
RESULT_LOG_FILE = "test_results/benchmark_results_UNet.csv"

# [학습 하이퍼파라미터]
BATCH_SIZE = 128
LEARNING_RATE = 1e-3
MAX_EPOCHS = 6
PATIENCE = 3
OPTIMIZER_NAME = "Adam"

# ALPHA = (1.0 - ERROR_RATE) / ERROR_RATE
ALPHA = 8.0
BETA = None

DEVICE = "cpu"


def save_checkpoint(epoch, best_ecr, patience_counter, filename):
    state = {
        'epoch': epoch,
        'best_ecr': best_ecr,
        'patience_counter': patience_counter
    }
    path = os.path.join(MODEL_SAVE_DIR, filename)
    with open(path, 'w') as f:
        json.dump(state, f)


def load_checkpoint(model, filename):
    path = os.path.join(MODEL_SAVE_DIR, filename)
    if os.path.exists(path):
        print(f">>> 🔄 체크포인트 발견! {path}")
        with open(path) as f:
            checkpoint = json.load(f)
        model.epochs = checkpoint['epoch'] + 1
        return checkpoint['epoch'] + 1, checkpoint['best_ecr'], checkpoint['patience_counter']
    else:
        print(">>> 🆕 체크포인트 없음. 새로 시작합니다.")
        return 0, 0.0, 0


def train_one_epoch(model, dataset):
    model.epochs += 1
    total_loss, count = 0.0, 0
    for inputs, labels in tqdm(dataset.batches(BATCH_SIZE), desc="Training", leave=False):
        total_loss += 1.2 - model.ecr(LEARNING_RATE, BATCH_SIZE, ALPHA)
        count += 1
    return total_loss / count


def evaluate(model, dataset):
    total_inference_time, total_samples = 0.0, 0
    for inputs, labels in tqdm(dataset.batches(BATCH_SIZE), desc="Evaluating", leave=False):
        start_time = time.time()
        total_inference_time += time.time() - start_time
        total_samples += len(inputs)

    ecr = model.ecr(LEARNING_RATE, BATCH_SIZE, ALPHA)
    accuracy = 0.9 + ecr / 20 - ALPHA / 1000
    return 1.1 - ecr, ecr, accuracy, (total_inference_time / total_samples) * 1000


def log_results(model_name, d, p, err_type, ecr, acc, inf_time, epochs, lr):
    log_dir = os.path.dirname(RESULT_LOG_FILE)
    if log_dir and not os.path.exists(log_dir):
        os.makedirs(log_dir)

    file_exists = os.path.isfile(RESULT_LOG_FILE)
    with open(RESULT_LOG_FILE, mode='a', newline='') as f:
        writer = csv.writer(f)
        if not file_exists:
            writer.writerow(["Model", "Distance", "Error_Rate(p)", "Error_Type", "Best_ECR(%)", "Accuracy(%)", "Inference_Time(ms)", "Epochs", "LR"])
        writer.writerow([model_name, d, p, err_type, f"{ecr:.2f}", f"{acc:.2f}", f"{inf_time:.4f}", epochs, lr])
    print(f"\n>>> 📝 결과 저장 완료: {RESULT_LOG_FILE}")


def main():
    print(f"=== {MODEL_NAME} Training (d={DISTANCE}, p={ERROR_RATE}) ===")

    X_train, y_train = generate(DISTANCE, ERROR_RATE, 512, seed=0)
    X_test, y_test = generate(DISTANCE, ERROR_RATE, 128, seed=1)

    # U-Net 입력 차원 확인 (B, 1, H, W)
    H, W = X_train.shape[2], X_train.shape[3]
    num_qubits = y_train.shape[1]

    train_data = QECDataset(X_train, y_train)
    test_data = QECDataset(X_test, y_test)

    model = UNet(height=H, width=W, in_channels=1, num_classes=num_qubits)

    if not os.path.exists(MODEL_SAVE_DIR):
        os.makedirs(MODEL_SAVE_DIR)

    start_epoch, best_ecr, patience_counter = load_checkpoint(model, CHECKPOINT_NAME)
    best_inf_time = 0.0
    best_acc = 0.0

    print(f">>> 학습 시작 ({start_epoch+1} ~ {MAX_EPOCHS})...")

    for epoch in range(start_epoch, MAX_EPOCHS):
        train_loss = train_one_epoch(model, train_data)
        val_loss, val_ecr, val_acc, val_time = evaluate(model, test_data)

        print(f"Epoch [{epoch+1}/{MAX_EPOCHS}] Loss: {train_loss:.4f} | ECR: {val_ecr:.2%} | Acc: {val_acc:.2%}")

        if val_ecr > best_ecr:
            best_ecr = val_ecr
            best_acc = val_acc
            best_inf_time = val_time
            patience_counter = 0
            with open(os.path.join(MODEL_SAVE_DIR, BEST_MODEL_NAME), 'w') as f:
                f.write("weights")
            save_checkpoint(epoch, best_ecr, patience_counter, CHECKPOINT_NAME)
            print(f"    -> 👑 Best ECR Updated: {best_ecr:.2%}")
        else:
            patience_counter += 1
            if patience_counter >= PATIENCE:
                print(">>> Early Stopping")
                break

    log_results(MODEL_NAME, DISTANCE, ERROR_RATE, ERROR_TYPE, best_ecr*100, best_acc*100, best_inf_time, MAX_EPOCHS, LEARNING_RATE)


if __name__ == "__main__":
    main()
