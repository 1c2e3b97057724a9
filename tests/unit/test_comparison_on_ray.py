"""Connections to clusters that do not answer, without Ray."""

from types import SimpleNamespace

import pytest

from gannet.cli import run
from gannet.comparison import on_ray
from gannet.comparison.on_ray import _require_answer, _require_listening
from gannet.errors import UserError

NOTHING_HEARD = SimpleNamespace(heard=[])


def test_a_cluster_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setattr(on_ray, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(on_ray, "CONNECT", "import time; time.sleep(60)")
    with pytest.raises(UserError, match=r"^--on auto: cannot connect to Ray: no cluster answers within 0 s\.$"):
        _require_answer("auto", NOTHING_HEARD)


def test_why_a_cluster_refuses_is_said_and_one_that_answers_is_used(monkeypatch):
    monkeypatch.setattr(on_ray, "CONNECT", "raise ConnectionError('No running cluster.')")
    with pytest.raises(UserError, match=r"^--on auto: cannot connect to Ray: ConnectionError: No running cluster\.$"):
        _require_answer("auto", NOTHING_HEARD)
    monkeypatch.setattr(on_ray, "CONNECT", "import sys; assert sys.argv[1] == 'auto'")
    _require_answer("auto", NOTHING_HEARD)


def test_a_port_is_a_number():
    with pytest.raises(UserError, match="'abc' is not a port; write HOST:PORT"):
        _require_listening("ray://somewhere:abc")


@pytest.mark.parametrize(
    ("words", "verbs"),
    [
        (
            ["compare", "ring", "--recipes", "gan", "--devices", "2"],
            "--devices is an option of gannet train and gannet resume.",
        ),
        (["train", "ring", "--jobs", "2"], "--jobs is an option of gannet compare."),
    ],
)
def test_an_option_of_another_verb_is_named_as_such(words, verbs, capsys):
    assert run(words) == 2
    said = capsys.readouterr().err
    assert verbs in said
    assert "without dashes" not in said
