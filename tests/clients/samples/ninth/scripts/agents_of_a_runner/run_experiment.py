import os
os.environ['OMP_NUM_THREADS'] = '1'

import argparse
from ast import literal_eval
import numpy as np
from model import build_model, Agent
from time import sleep
from multiprocessing import Process, Value, Queue
from agent import run_agent
from datetime import datetime
from time import time
import shutil

#  python run_experiment.py --n_threads 24 --weights weights/06082018-1312/weights_updates_21390_reward_78.8_pelvis_X_1.0.pkl

def get_args():
    parser = argparse.ArgumentParser(description="Run commands")
    parser.add_argument('--modeldim', dest='modeldim', action='store', default='2D', choices=('3d', '2d', '3D', '2D'), type=str)
    parser.add_argument('--prosthetic', dest='prosthetic', action='store', default=False, type=bool)
    parser.add_argument('--difficulty', dest='difficulty', action='store', default=0, type=int)
    parser.add_argument('--gamma', type=float, default=0.95, help="Discount factor for reward.")
    parser.add_argument('--n_threads', type=int, default=4, help="Number of agents to run (n_threads - 2).")
    parser.add_argument('--sleep', type=int, default=0.02, help="Sleep time in seconds before start each worker.")
    parser.add_argument('--max_steps', type=int, default=400, help="Number of steps.")
    parser.add_argument('--num_test_episodes', type=int, default=2, help="Number of test episodes.")
    parser.add_argument('--batch_size', type=int, default=200, help="Batch size.")
    parser.add_argument('--critic_lr', type=float, default=2e-3, help="critic learning rate")
    parser.add_argument('--critic_lr_end', type=float, default=5e-5, help="critic learning rate")
    parser.add_argument('--actor_lr', type=float, default=1e-3, help="actor learning rate.")
    parser.add_argument('--actor_lr_end', type=float, default=5e-5, help="actor learning rate.")
    parser.add_argument('--critic_layers', type=str, default='(512,512)', help="critic hidden layer sizes as tuple")
    parser.add_argument('--actor_layers', type=str, default='(512,512)', help="actor hidden layer sizes as tuple")
    parser.add_argument('--flip_prob', type=float, default=0., help="Probability of flipping.")
    parser.add_argument('--layer_norm', action='store_true', help="Use layer normalization.")
    parser.add_argument('--param_noise_prob', type=float, default=0.4, help="Probability of parameters noise.")
    parser.add_argument('--exp_name', type=str, default=datetime.now().strftime("%d%m%Y-%H%M"), help='Experiment name')
    parser.add_argument('--weights', type=str, default=None, help='weights to load')
    args = parser.parse_args()
    args.modeldim = args.modeldim.upper()
    return args


def test_agent(args, num_test_episodes, model_params, best_reward, updates, global_step, save_dir):
    test_rewards_all = []
    test_pelvis_X_all = []

    train_fn, actor_fn, params = build_model(**model_params)
    actor = Agent(actor_fn)

    for ep in range(num_test_episodes):
        test_rewards_all.append(round(actor.act(updates.value), 6))
        test_pelvis_X_all.append(round(updates.value / 10, 2))
    test_reward_mean = np.mean(test_rewards_all)
    mean_pelvis_X = np.mean(test_pelvis_X_all)

    test_str ='global step {}; test_reward_mean: {:.2f}, test_rewards_all: {}; mean_pelvis_Xmean: {:.2f}, test_pelvis_X_all: {} '.\
        format(global_step.value, float(test_reward_mean), test_rewards_all, float(mean_pelvis_X), test_pelvis_X_all)

    print(test_str)
    try:
        with open(os.path.join(save_dir, 'test_report.log'), 'a') as f:
            f.write(test_str + '\n')
    except:
        print('#############################################')
        print('except  »  f.write(test_str )')
        print('#############################################')

    if test_reward_mean > best_reward.value:
        best_reward.value = test_reward_mean
        fname = os.path.join(save_dir, 'weights_updates_{}_reward_{:.1f}_pelvis_X_{:.1f}.pkl'.format(updates.value, test_reward_mean, mean_pelvis_X))
        actor.save(fname)


def main():
    args = get_args()
    args.critic_layers = literal_eval(args.critic_layers)
    args.actor_layers = literal_eval(args.actor_layers)

    # create save directory
    save_dir = os.path.join('weights', args.exp_name)
    if not os.path.exists(save_dir):
        os.makedirs(save_dir)
    else:
        shutil.move(save_dir, save_dir + '.backup.{}'.format(time()))
        os.makedirs(save_dir)

    if args.prosthetic:
        num_actions = 19
    else:
        num_actions = 22

    # build model
    model_params = {
        'state_size': 158,
        'num_act': num_actions,
        'gamma': args.gamma,
        'actor_layers': args.actor_layers,
        'critic_layers': args.critic_layers,
        'actor_lr': args.actor_lr,
        'critic_lr': args.critic_lr,
        'layer_norm': args.layer_norm
    }
    print('building model')
    train_fn, actor_fn, params = build_model(**model_params)
    actor_lr_step = (args.actor_lr - args.actor_lr_end) / args.max_steps

    # init shared variables
    global_step = Value('i', 0)
    updates = Value('i', 0)
    best_reward = Value('f', -1e8)

    # init agents
    data_queue = Queue()
    workers = []
    weights_queues = []
    num_agents = max(args.n_threads - 2, 1)
    print('starting {} agents'.format(num_agents))
    for i in range(num_agents):
        w_queue = Queue()
        worker = Process(target=run_agent,
                         args=(args, model_params, data_queue, w_queue, i, args.max_steps)
                         )
        worker.daemon = True
        worker.start()
        sleep(args.sleep)
        workers.append(worker)
        weights_queues.append(w_queue)

    start_test = 0
    while global_step.value < args.max_steps:

        # get all data
        i, steps, reward = data_queue.get()
        weights_queues[i].put(1)
        global_step.value += steps

        # training step
        actor_loss, critic_loss = train_fn()
        updates.value += 1
        if np.isnan(actor_loss):
            raise Value('actor loss is nan')

        # start new test process
        if updates.value - start_test >= 10 or global_step.value >= args.max_steps:
            print('start test')
            worker = Process(target=test_agent,
                             args=(args, args.num_test_episodes,
                                   model_params, best_reward,
                                   updates, global_step, save_dir)
                             )
            worker.daemon = True
            worker.start()
            worker.join()
            start_test = updates.value

    # end all processes
    for w in workers:
        w.terminate()


if __name__ == '__main__':
    main()
