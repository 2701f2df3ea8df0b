import getopt
import sys

MODEL_DIR = "models"
EPOCHS = 4
MODEL_TYPE = "lenet"
LR = 0.01
AUGMENT = False

try:
    opts, args = getopt.getopt(sys.argv[1:], "m:e:t:", ["model_dir=", "num_epochs=", "model_type=", "lr=", "augment"])
except getopt.GetoptError as err:
    print(err)
    sys.exit(2)

for opt, arg in opts:
    if opt in ['-m', '--model_dir']:
        MODEL_DIR = arg
    elif opt in ['-e', '--num_epochs']:
        EPOCHS = int(arg)
    elif opt in ['-t', '--model_type']:
        MODEL_TYPE = arg
    elif opt == '--lr':
        LR = float(arg)
    elif opt == '--augment':
        AUGMENT = True

print('model dir: {}\nnum epochs: {}\n'.format(MODEL_DIR, EPOCHS))
for epoch in range(EPOCHS):
    val = abs(LR - 0.05) * 10 + len(MODEL_TYPE) / 10 + 2 * AUGMENT + 1 / (epoch + 1)
    print(f"Epoch {epoch + 1}/{EPOCHS}: train loss {val / 2:.4f}, validation loss {val:.4f}")
