# model settings
model = dict(
    type='RetinaNet',
    backbone=dict(type='ResNet', depth=50, frozen_stages=1),
    bbox_head=dict(
        type='RetinaHead',
        num_classes=80,
        feat_channels=256,
        loss_cls=dict(type='FocalLoss', gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='L1Loss', loss_weight=1.0)),
    test_cfg=dict(nms_pre=1000, score_thr=0.05, max_per_img=100))
