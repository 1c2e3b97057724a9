"""What every recipe file shows, variants of recipes, and mistakes in recipe files."""

import ast
import inspect
import json
from pathlib import Path

import pytest
from support.recipe_cases import CASES, make, make_on

import gannet.recipes
from gannet.cli import run
from gannet.config.arguments import Root, read
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import Form
from gannet.discovery import BASES, components
from gannet.errors import UserError
from gannet.games import base
from gannet.networks.packed import PackedDiscriminator
from gannet.priors.particles import Particles
from gannet.priors.uniform import Uniform
from gannet.recipes.base import Chosen, chosen, variant
from gannet.recipes.gan import gan
from gannet.recipes.pacgan import pacgan2, pacgan4

FOLDER = Path(gannet.recipes.__path__[0])
RECIPES = components("recipes")
POINTS = Form("points", (2,))


def calls(path: Path, name: str) -> list[set[str]]:
    """The names of the arguments of every call ``name(...)`` in a file."""
    found = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
    return [
        {str(k.arg) for k in call.keywords}
        for call in found
        if isinstance(call.func, ast.Name) and call.func.id == name
    ]


@pytest.mark.parametrize("path", sorted({found.path for found in RECIPES.values()}), ids=lambda path: path.stem)
def test_a_recipe_shows_its_optimizers_and_its_ema(path):
    optimizers, experiments = calls(path, "Optimizer"), calls(path, "Experiment")
    assert optimizers
    assert experiments
    assert [
        given for given in optimizers if not given >= {"lr", "beta2", "schedule"} or not given & {"beta1", "name"}
    ] == []
    assert [given for given in experiments if "average" not in given] == []


@pytest.mark.parametrize("name", RECIPES)
def test_components_of_a_signature_have_one_convention(name):
    bases = {
        base for kind in ("losses", "regularizers", "priors", "encodings", "augmentations") for base in BASES[kind]
    }
    parameters = inspect.signature(RECIPES[name].load().function).parameters.values()
    components_of_it = [p for p in parameters if getattr(p.annotation, "__name__", p.annotation) in bases]
    assert [p.name for p in components_of_it if not isinstance(p.default, Chosen)] == []


def test_imports_do_not_outweigh_the_recipes():
    lines = imports = 0
    for path in FOLDER.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        lines += len(text.splitlines())
        imported = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports += sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in imported)
    assert imports < lines / 6


def test_a_recipe_receives_instances_and_makes_new_ones():
    first, second = (gan(POINTS, prior=Chosen(Particles, {"count": 5}), hidden=4).game for _ in range(2))
    assert isinstance(first.prior, Particles)
    assert first.prior is not second.prior
    own = Uniform(3)
    assert gan(POINTS, prior=own, hidden=4).game.prior is own


def test_defaults_on_images_apply_to_images_and_give_way_to_what_is_typed():
    def rate(data, **given):
        planned = plan(data, recipe="flow-matching", given=given, flags=DEFAULT_FLAGS)
        return planned.values["recipe"]["optimizer.generator.lr"]

    assert (rate("ring"), rate("digits"), rate("digits", lr="1e-4")) == (5e-3, 1e-3, 1e-4)


def test_a_variant_differs_in_its_defaults_only():
    [(_, two)], [(_, four)] = (read({}, Root(r.function, skip=("form",))) for r in (pacgan2, pacgan4))
    assert {key for key in two if two[key] != four[key]} == {"pack"}
    assert two.keys() == four.keys()
    assert pacgan4.kind == "points"
    for recipe, pack in ((pacgan2, 2), (pacgan4, 4)):
        judge = recipe(POINTS, hidden=4).game.discriminator
        assert isinstance(judge, PackedDiscriminator)
        assert judge.pack == pack


@pytest.mark.parametrize(
    ("classes", "given", "expected"), [(3, {}, 3), (3, {"conditional": False}, 0), (1, {}, 0), (0, {}, 0)]
)
def test_the_recommended_recipe_is_class_conditional_if_there_are_classes(classes, given, expected):
    form = Form("images", (1, 16, 16), class_names=tuple("abc"[:classes]))
    game = make_on("dcgan-relativistic", form, **given).game
    assert (game.num_classes, game.generator.num_classes, game.discriminator.num_classes) == (expected,) * 3


def test_a_variant_cannot_set_what_the_recipe_does_not_have():
    with pytest.raises(AssertionError, match="gan has no parameter packs"):
        variant(gan, packs=3)(lambda: None)


def test_a_variant_in_a_file_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.py").write_text(
        "from gannet.recipes.base import variant\nfrom gannet.recipes.gan import gan\n\n"
        "@variant(gan, hidden=3, steps=2)\ndef small() -> None:\n    '''A small GAN.'''\n"
    )
    assert run(["train", "ring", "--recipe", "small.py", "--quiet", "--out", "run"]) == 0
    arguments = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["arguments"]
    assert (arguments["hidden"], arguments["steps"], arguments["batch_size"]) == (3, 2, 128)
    assert Path("run/recipe.py").read_text(encoding="utf-8") == Path("small.py").read_text(encoding="utf-8")


HEAD = "import gannet\nfrom gannet.recipes.base import Chosen, chosen\nfrom gannet.losses.base import AdversarialLoss\n"
HEAD += "from gannet.losses.hinge import Hinge\nfrom gannet.priors.base import Prior\n\n@gannet.recipe(kind='points')\n"


@pytest.mark.parametrize(
    ("signature", "sentence"),
    [
        (
            "def mine(form, *, loss: AdversarialLoss = Hinge(), steps: int = 2): ...",
            "loss: AdversarialLoss = chosen(CLASS)",
        ),
        ("def mine(form, *, prior: Chosen[Prior], steps: int = 2): ...", "not subscriptable"),
        ("def mine(form, *, prior: 'Nothing' = None, steps: int = 2): ...", "name 'Nothing' is not defined"),
    ],
)
def test_a_signature_that_cannot_be_read_is_one_sentence(tmp_path, monkeypatch, capsys, signature, sentence):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(HEAD + signature + "\n")
    assert run(["train", "ring", "--recipe", "mine.py", "--quiet", "--out", "run"]) == 2
    error = capsys.readouterr().err
    assert sentence in " ".join(error.split())
    assert "Traceback" not in error
    assert not Path("run").exists()


def test_a_component_that_refuses_its_arguments_is_named():
    def refusing() -> Uniform:
        raise ValueError("not today")

    with pytest.raises(UserError, match="prior: not today"):
        gan(POINTS, prior=chosen(refusing))


@pytest.mark.parametrize("name", components("games"))
def test_players_turns_and_terms_of_a_game_are_in_one_file(name):
    game = components("games")[name].load()
    assert {"players", "turns", "generator_terms"} <= vars(game).keys()
    inherited = [
        base for base in game.__mro__[1:] if {"players", "turns"} & vars(base).keys() and not inspect.isabstract(base)
    ]
    assert inherited == []


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_python_sees_what_a_game_can_do(name, kind):
    """Python 3.12 and later look up the members of a protocol without ``__getattr__``, so they do not see buffers and
    submodules.
    """
    game, nothing = make(name, kind).game, object()
    for ability in (found for found in vars(base).values() if getattr(found, "_is_runtime_protocol", False)):
        members = {*ability.__annotations__, *(member for member in vars(ability) if not member.startswith("_"))}
        seen = all(inspect.getattr_static(game, member, nothing) is not nothing for member in members)
        assert seen == all(hasattr(game, member) for member in members), ability.__name__
