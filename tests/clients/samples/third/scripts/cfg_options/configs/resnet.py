model = dict(type='ImageClassifier', backbone=dict(depth=18, drop=0.1))
optimizer = dict(type='SGD', lr=0.1, nesterov=True)
runner = dict(max_epochs=3)
work_dir = './work_dirs'
