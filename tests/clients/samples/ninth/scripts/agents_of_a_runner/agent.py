import queue


def run_agent(args, model_params, data_queue, weights_queue, process, max_steps):
    steps = 0
    while steps < max_steps:
        steps += 10
        data_queue.put((process, 10, -1.0 / steps))
        try:
            weights_queue.get_nowait()
        except queue.Empty:
            pass
