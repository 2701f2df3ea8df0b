from abc import abstractmethod


class BaseTrainer:

    def __init__(self, model, data_loader, valid_data_loader,
                 criterion, optimizer, epochs, device, save_dir,
                 metric_ftns=None, lr_scheduler=None, resume_path=None):

        self.start_epoch = 1
        self.device = device
        self.model = model
        self.data_loader = data_loader
        self.valid_data_loader = valid_data_loader
        self.criterion = criterion
        self.optimizer = optimizer
        self.epochs = epochs
        self.save_dir = save_dir
        self.resume_path = resume_path

    def train(self, do_valid=True, do_save=False):

        best_acc = 0.0

        for epoch in range(self.start_epoch, self.start_epoch + self.epochs + 1):

            print("epoch", "|", epoch)
            info = {}
            train_loss, train_acc = self._train_epoch(epoch)
            info['train_loss'] = train_loss
            info['train_acc'] = train_acc

            if do_valid:
                valid_loss, valid_acc = self._valid_epoch(epoch)
                info['valid_loss'] = valid_loss
                info['valid_acc'] = valid_acc

                if valid_acc > best_acc:
                    print("Best_acc updated : ", best_acc, "->", valid_acc)
                    best_acc = valid_acc

                    if do_save:
                        self._save_checkpoint(epoch)

            self._progress(info, do_valid)

    @abstractmethod
    def _train_epoch(self, epoch):
        return NotImplementedError

    @abstractmethod
    def _valid_epoch(self, epoch):
        return NotImplementedError

    def _save_checkpoint(self, epoch):
        if self.save_dir == None:
            return
        print("Saving Checkpoint...")
        self.save_dir.mkdir(parents=True, exist_ok=True)
        (self.save_dir / 'checkpoint-epoch{}.pth'.format(epoch)).write_text(type(self.model).__name__)

    def _progress(self, info, do_valid):
        print("train_loss :", info['train_loss'],
              "train_acc :", info['train_acc'])
        if do_valid:
            print("valid_loss :", info['valid_loss'],
                  "valid_acc :", info['valid_acc'])
