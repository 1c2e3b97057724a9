"""Commands are whole files, numbered without gaps, and taken only by a run that is being trained."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from gannet.errors import UserError
from gannet.runs.commands import StepArguments, answer, pending, read_command, submit
from gannet.runs.lock import RunLock, is_held
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter


@pytest.fixture
def writer(trained):
    """Holds a run that is over, as training does."""
    with RunWriter(trained("constant")) as writer:
        yield writer


def test_a_command_is_a_file_with_the_next_number(writer):
    assert submit(writer.path, "pause", {}) == 1
    assert submit(writer.path, "step", {"player": "generator"}) == 2
    assert submit(writer.path, "set", {"key": "penalty.final", "value": 0.5}) == 3
    found = pending(writer.path)
    assert [(number, path.name) for number, path in found] == [
        (1, "000001.json"),
        (2, "000002.json"),
        (3, "000003.json"),
    ]
    assert [number for number, _ in pending(writer.path, after=2)] == [3]
    command = read_command(*found[1])
    assert (command.number, command.name, command.arguments) == (2, "step", StepArguments(player="generator", count=1))
    assert json.loads(found[2][1].read_text()) == {"name": "set", "arguments": {"key": "penalty.final", "value": 0.5}}


def test_many_at_once_get_different_numbers(writer):
    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda _: submit(writer.path, "go", {}), range(40)))
    assert sorted(numbers) == list(range(1, 41))
    assert sorted(p.name for p in (writer.path / "commands").iterdir()) == [f"{n:06d}.json" for n in range(1, 41)]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("puase", {}, "Did you mean 'pause'"),
        ("pause", {"now": True}, "now is not an argument"),
        ("speed", {}, "steps_per_second is needed"),
        ("speed", {"steps_per_second": 0}, "greater than 0"),
        ("speed", {"steps_per_second": float("inf")}, "finite"),
        ("step", {"count": 0}, "greater than or equal to 1"),
        ("step", {"count": "3"}, "valid integer"),
        ("step", {"player": "generater"}, "Did you mean 'generator'"),
        ("set", {"key": "optimizer.generater.lr", "value": 1.0}, "Did you mean 'optimizer.generator.lr'"),
        ("set", {"key": "loss", "value": 1.0}, "not a number"),
        ("set", {"key": "optimizer.generator.lr", "value": "fast"}, "valid number"),
        ("set", {"key": "optimizer.generator.lr", "value": float("nan")}, "finite"),
    ],
)
def test_a_mistake_is_one_sentence_and_no_file(writer, name, arguments, says):
    with pytest.raises(UserError, match=says) as caught:
        submit(writer.path, name, arguments)
    assert len(caught.value.problems) == 1
    assert not (writer.path / "commands").exists()


def test_a_run_that_nobody_trains_takes_no_commands(writer):
    assert is_held(writer.path)
    writer.close()
    assert not is_held(writer.path)
    with pytest.raises(UserError, match="not being trained now"):
        submit(writer.path, "pause", {})
    assert not (writer.path / "commands").exists()
    RunLock(writer.path).release()


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"name": "pause"}', b'{"name": 3, "arguments": {}}', b"[" * 200_000, b"\xff\xfe"]
)
def test_a_torn_file_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "000001.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a command file"):
        read_command(1, path)


def test_answers_stay_when_later_steps_are_forgotten(trained):
    path = trained("commanded")
    given = [event for event in Run(path).events() if event.kind == "command"]
    assert [event.step for event in given] == [10, 20, 25, 30, 30, 40]
    with RunWriter(path) as writer:
        assert answer(path, 7) is None
        writer.truncate_after(20)
    later = [event for event in Run(path).events() if event.step > 20]
    assert later == given[2:]
    found = answer(path, 6)
    assert found is not None
    assert (found.step, found.name, found.outcome) == (40, "stop", "applied")
    refused = answer(path, 3)
    assert refused is not None
    assert refused.outcome == "refused"


def test_a_pipe_or_a_link_is_not_a_command(tmp_path):
    (tmp_path / "commands").mkdir()
    os.mkfifo(tmp_path / "commands/000001.json")
    (tmp_path / "commands/000002.json").symlink_to("/dev/zero")
    (tmp_path / "commands/000003.json").symlink_to("/nowhere")
    for number, path in pending(tmp_path):
        with pytest.raises(UserError, match="is not a command file"):
            read_command(number, path)
