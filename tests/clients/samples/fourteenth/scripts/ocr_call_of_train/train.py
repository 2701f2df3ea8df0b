from architecture_enum import Architectures
from optimizer_enum import Optimizers
from train_lines import train


def main():
    train(labels_file='lines.txt',
          data_dir='IAM_lines/',
          labels_delimiter=' ',
          desired_image_height=64,
          desired_image_width=1600,
          architecture=Architectures.CNN_MDLSTM,
          num_hidden_units=16,
          optimizer=Optimizers.MOMENTUM,
          learning_rate=0.001,
          test_fraction=0.3,
          num_epochs=20,
          validation_steps=5,
          batch_size=4)


if __name__ == '__main__':
    main()
