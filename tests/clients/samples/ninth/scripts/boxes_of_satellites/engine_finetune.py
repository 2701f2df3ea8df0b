def quality(args, epoch):
    ap = 0.6 - abs(args.lr * 1000 - 1) / 20 - abs(args.weight_decay - 0.1) - 0.5 / args.patch_size
    return ap - abs(args.drop_path - 0.2) / 5 - 0.1 / (epoch + 1) - 0.1 * (args.detection_head == 'linear_probing')


def train_one_epoch_frcnn(data_loader, epoch, log_writer=None, args=None):
    for i, batch in enumerate(data_loader):
        loss = 1 - quality(args, epoch) + 0.01 * i
        if i % 2 == 0:
            print(f"Epoch: [{epoch}]  [{i}/{len(data_loader)}]  loss: {loss:.4f}  lr: {args.lr:.6f}")
    return {'loss': loss, 'lr': args.lr}


def evaluate_frcnn(data_loader, args, epoch, class_names=()):
    ap = quality(args, epoch)
    return {'loss_classifier': 0.4 * (1 - ap), 'loss_box_reg': 0.3 * (1 - ap), 'loss_objectness': 0.2 * (1 - ap),
            'loss_rpn_box_reg': 0.1 * (1 - ap), 'mAP_50_95': 100 * ap, 'mAP_50': 100 * (ap + 0.15),
            'per_class_ap': {name: ap for name in class_names}}
