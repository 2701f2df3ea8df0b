import math


def loss_of(model, optimizer, batch_size, max_len):
    lr = optimizer.param_groups[0]["lr"]
    loss = 0.5 + abs(math.log10(lr) + 4) / 2 + 8 / batch_size + 64 / max_len
    return loss + 0.5 / (model.updates + 1)


def train_model(epoch, model, loader, optimizer, batch_size, max_len):

    model.updates += 1
    total_loss = 0

    for batch_num, batch in enumerate(loader):
        total_loss += loss_of(model, optimizer, batch_size, max_len) - 0.05

    print(f"Epoch {epoch}, Loss: {total_loss / len(loader)}")


def evaluate_model(model, loader, optimizer, batch_size, max_len):

    total_loss = 0
    for batch_num, batch in enumerate(loader):
        total_loss += loss_of(model, optimizer, batch_size, max_len)

    loss = total_loss / len(loader)
    return loss, 1 / (1 + loss / 4), 1 / (1 + loss / 3)
