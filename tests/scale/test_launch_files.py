"""The launch files for Kubernetes against the schemas of its newest version, which kubernetes-validate brings."""

from __future__ import annotations

import pytest
from support.launch_files import documents

pytestmark = pytest.mark.slow
validator = pytest.importorskip(
    "kubernetes_validate", reason="pip install kubernetes-validate, as make test-scale does"
)


def check(document: dict) -> None:
    validator.validate(document, validator.latest_version(), strict=True)


@pytest.mark.parametrize("kind", ["Service", "Job"])
def test_a_training(kind):
    check(documents("train-job.yaml")[kind])


def test_the_pods_of_a_ray_job():
    cluster = documents("compare-rayjob.yaml")["RayJob"]["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        check({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **group["template"]})


def test_a_mistake_is_found():
    job = documents("train-job.yaml")["Job"]
    job["spec"]["template"]["spec"]["restartPolicies"] = "OnFailure"
    with pytest.raises(validator.ValidationError, match="restartPolicies"):
        check(job)
