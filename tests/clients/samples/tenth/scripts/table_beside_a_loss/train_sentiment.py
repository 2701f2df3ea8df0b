import csv
import os

from model_sentiment import AdamW, BertForSentimentAnalysis
from datasets import create_data_loaders
from run_sentiment import train_model, evaluate_model

filename = 'all-data.csv'

batch_size = 32
max_len = 128
train_loader, val_loader, test_loader = create_data_loaders(filename, batch_size, max_len=max_len)

model = BertForSentimentAnalysis(pretrained_model_name='bert-base-uncased', num_labels=3)

optimizer = AdamW(model.parameters(), lr=2e-5)

epochs = 6

results_dir = "./training_results"
os.makedirs(results_dir, exist_ok=True)
weights_dir = os.path.join(results_dir, "weights")
os.makedirs(weights_dir, exist_ok=True)
results_file = os.path.join(results_dir, "epoch_results.csv")

with open(results_file, 'a+', newline='') as file:
    writer = csv.writer(file)
    writer.writerow(["epoch", "train_loss", "train_accuracy", "train_f1", "test_loss", "test_accuracy", "test_f1"])

for epoch in range(epochs):

    if epoch != 0:

        model.train()
        train_model(epoch, model, train_loader, optimizer, batch_size, max_len)

    model.eval()
    train_loss, train_accuracy, train_f1 = evaluate_model(model, train_loader, optimizer, batch_size, max_len)
    test_loss, test_accuracy, test_f1 = evaluate_model(model, test_loader, optimizer, batch_size, max_len)

    weights_path = os.path.join(weights_dir, f"epoch_{epoch + 1}.pickle")
    with open(weights_path, "w") as file:
        file.write("weights")

    with open(results_file, 'a+', newline='') as file:
        writer = csv.writer(file)
        writer.writerow([epoch, train_loss, train_accuracy, train_f1, test_loss, test_accuracy, test_f1])
