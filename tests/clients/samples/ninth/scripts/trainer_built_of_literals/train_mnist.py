from pathlib import Path

from data_loader.data_loaders import MnistDataLoader
from model.model import MnistModel, Adam, CrossEntropyLoss
from trainer import MnistTrainer

device = 'cpu'


data_loader = MnistDataLoader(
    data_dir='data/', batch_size=1024, shuffle=True, validation_split=0.3, num_workers=0)

valid_data_loader = data_loader.split_validation()

model = MnistModel()
optimizer = Adam(model.parameters())
criterion = CrossEntropyLoss()
save_dir = Path('saved/MNIST')

trainer = MnistTrainer(model=model, data_loader=data_loader,
                       valid_data_loader=valid_data_loader,
                       criterion=criterion, optimizer=optimizer,
                       epochs=5, device=device, save_dir=save_dir)

trainer.train(do_valid=True, do_save=True)
