_base_ = ['./_base_/models/retinanet_r50_fpn.py', './_base_/schedules/schedule_1x.py']

data = dict(samples_per_gpu=2, workers_per_gpu=2)
model = dict(bbox_head=dict(num_classes=20))

# learning rate for one device
optimizer = dict(lr=0.005)
runner = dict(max_epochs=4)

evaluation = dict(interval=1, metric='bbox')
log_config = dict(interval=25)
