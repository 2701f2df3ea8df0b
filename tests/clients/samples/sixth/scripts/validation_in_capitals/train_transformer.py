import argparse
import os


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument('--train_path', type=str)
    parser.add_argument('--val_path', type=str)
    parser.add_argument('--output_path', type=str, default=".")
    return parser.parse_args()


args = parse()

EPOCHS = 4
BATCH_SIZE = 16
SEQ_SIZE = 20
LEARNING_RATE = 0.0005

os.makedirs(os.path.join(args.output_path, 'models'), exist_ok=True)

step = 0
for epoch in range(EPOCHS):
    loss = abs(LEARNING_RATE * 1000 - 1) + 8 / BATCH_SIZE + SEQ_SIZE / 100 + 1 / (epoch + 1)
    for batch in range(3):
        if (step % 2) == 0:
            template = 'Epoch {}, Step {}, loss {}, error {}'
            print(template.format(
                epoch,
                step,
                loss + 0.5,
                12.5
            ))
        step += 1
    template = 'VALIDATION: Epoch {}, Step {}, loss {}, error {}'
    print(template.format(
        epoch,
        step,
        loss,
        13.5,
    ))
