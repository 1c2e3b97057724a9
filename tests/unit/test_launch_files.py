"""The launch files of docs/scale say what the programs that read them understand."""

import shlex
import subprocess
from datetime import timedelta

import pytest
from support.launch_files import SCRIPTS, carried_out, directives, documents, gannet_options, torchrun_options

from gannet.cli.time_limit import parse_time

OPTIONS = {
    "--job-name",
    "--nodes",
    "--ntasks",
    "--ntasks-per-node",
    "--cpus-per-task",
    "--gres",
    "--time",
    "--requeue",
    "--open-mode",
    "--output",
}
"""Those that sbatch of Slurm 22.05 accepted in these files."""


def test_two_scripts_are_for_slurm():
    assert [script.name for script in SCRIPTS] == ["compare.sbatch", "train.sbatch"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_bash_and_sbatch_read_the_scripts(script):
    assert script.read_text().startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n", script], check=True, timeout=60)
    assert directives(script).keys() <= OPTIONS


def test_slurm_starts_one_torchrun_for_each_node(tmp_path):
    [script] = (script for script in SCRIPTS if script.name == "train.sbatch")
    asked = directives(script)
    options = torchrun_options(carried_out(script, tmp_path, asked["--nodes"]))
    assert options.nnodes == asked["--nodes"]
    assert asked["--ntasks-per-node"] == "1"
    assert asked["--gres"] == f"gpu:{options.nproc_per_node}"
    assert options.rdzv_endpoint == "node-a:23456"
    keys = gannet_options(options.training_script_args)
    _require_divisible(keys, int(options.nnodes) * int(options.nproc_per_node))
    hours, minutes, seconds = map(int, asked["--time"].split(":"))
    limit = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    assert parse_time(keys["max_time"]) < limit - 600


def test_slurm_compares_on_one_node(tmp_path):
    [script] = (script for script in SCRIPTS if script.name == "compare.sbatch")
    program, *words = carried_out(script, tmp_path, "1")
    assert program == "gannet"
    assert gannet_options(words)["jobs"] == "auto"


def test_the_pods_of_a_kubernetes_job_find_each_other():
    found = documents("train-job.yaml")
    service, job = found["Service"], found["Job"]["spec"]
    name, pod = found["Job"]["metadata"]["name"], job["template"]["spec"]
    [container] = pod["containers"]
    options = torchrun_options(container["command"])
    assert job["completionMode"] == "Indexed"
    assert int(options.nnodes) == job["completions"] == job["parallelism"]
    assert int(options.nproc_per_node) == container["resources"]["limits"]["nvidia.com/gpu"]
    # The first pod of an indexed job is JOB-0; its name resolves through the headless service of its subdomain.
    assert options.rdzv_endpoint == f"{name}-0.{service['metadata']['name']}:29500"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": name}
    _require_divisible(gannet_options(options.training_script_args), int(options.nnodes) * int(options.nproc_per_node))
    _require_mounted(pod)


def test_a_ray_job_places_runs_on_its_workers():
    job = documents("compare-rayjob.yaml")["RayJob"]
    program, *words = shlex.split(job["spec"]["entrypoint"])
    assert program == "gannet"
    assert gannet_options(words)["on"] == "auto"
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["headGroupSpec"]["rayStartParams"] == {"num-cpus": "0"}
    [workers] = cluster["workerGroupSpecs"]
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    pods = [group["template"]["spec"] for group in (cluster["headGroupSpec"], workers)]
    assert len({pod["containers"][0]["image"] for pod in pods}) == 1
    for pod in pods:
        _require_mounted(pod)


def _require_divisible(keys, ranks):
    """Every rank has part of the batch, and a repeated command continues."""
    assert keys["resume"]
    [size] = (int(key.removeprefix("batch_size=")) for key in keys["keys"] if key.startswith("batch_size="))
    assert size % ranks == 0


def _require_mounted(pod):
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounted = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted.keys() == volumes
    assert mounted["shared"] == "/shared"
