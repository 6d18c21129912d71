"""Several processes of one command, and the run in double precision they are asked for.

python tests/company.py WORKDIR DATA_DIR PRECISION NUM_EPOCHS ADDRESS COUNT INDEX
"""

import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


def start(command, count, num_devices, environment=None):
    """Starts `count` processes of a command; several are told to join."""
    address = f"localhost:{free_port()}"
    devices = {"JAX_NUM_CPU_DEVICES": str(num_devices)} | (environment or {})
    several = count > 1
    return [
        start_one([*command, *(joining(address, count, i) if several else [])], devices)
        for i in range(count)
    ]


def start_one(command, environment):
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def joining(address, count, index):
    return [
        "--distributed",
        f"--coordinator_address={address}",
        f"--num_processes={count}",
        f"--process_id={index}",
    ]


def finish(processes: list, timeout=300) -> list[tuple[int, str]]:
    """Returns (exit code, output) of each."""
    results = []
    try:
        for process in processes:
            output, _ = process.communicate(timeout=timeout)
            results.append((process.returncode, output))
    finally:
        for process in processes:
            process.kill()
    return results


def run(command, count, num_devices, environment=None):
    """Returns what each process printed; all must end well."""
    results = finish(start(command, count, num_devices, environment))
    for code, output in results:
        assert code == 0, output
    return [output for _, output in results]


def train(workdir, data_dir, precision, num_epochs):
    """An epoch of bootstrap, then adversarial ones; scores of five images."""
    from configs import smoke  # pyright: ignore[reportMissingImports]
    from salgan_jax import experiment, training

    config = smoke.get_config()
    config.data.data_dir = data_dir
    config.data.horizontal_flip = True
    config.phases.bootstrap_epochs = 1
    config.phases.num_epochs = num_epochs
    config.evaluation.max_images = 5
    config.evaluation.batch_size = 1
    make = experiment.make_experiment

    def in_this_precision(config):
        import jax

        made = make(config)
        params = jax.tree.map(lambda x: x.astype(precision), made.params)
        return made._replace(params=params)

    experiment.make_experiment = in_this_precision
    try:
        return training.train(config, workdir)
    finally:
        experiment.make_experiment = make


def main():
    from absl import logging

    from salgan_jax import doors

    join = doors.define_process_flags()

    def begin(argv):
        logging.set_verbosity(logging.ERROR)
        join()
        train(argv[1], argv[2], argv[3], int(argv[4]))

    doors.run(begin, arguments=("WORKDIR", "DATA_DIR", "PRECISION", "NUM_EPOCHS"))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
