"""Few labels: which rows have a part in which term, and that hidden labels never leak."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.few_labels import rows_with_label
from gannet.data.image_table import ImageTable
from gannet.errors import UserError
from gannet.games.base import Classifies
from gannet.games.discriminator_pass import feature_distance
from gannet.games.semi_supervised import SemiSupervised
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Trunk
from gannet.networks.heads import ClassLogitsDiscriminator
from gannet.networks.mlp import MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.dcgan import dcgan
from gannet.recipes.semi_supervised import semi_supervised
from gannet.testing.data import check_source
from gannet.testing.games import FP32
from gannet.training.trainer import Trainer
from gannet.types import Batch


class Flat(Trunk):
    """Points are their own features."""

    rows_independent, shape, size = True, (2,), 2

    def forward(self, samples: Tensor) -> Tensor:
        return samples


def game() -> SemiSupervised:
    """Class logits are the coordinates themselves."""
    torch.manual_seed(0)
    discriminator = ClassLogitsDiscriminator(Flat(), 2)
    nn.init.eye_(discriminator.head.weight)
    nn.init.zeros_(discriminator.head.bias)
    return SemiSupervised(MLPGenerator(2, (2,), hidden=[4]), discriminator, Gaussian(2), loss=NonSaturating())


def batch(real: Tensor, labels: list[int]) -> Batch:
    return Batch(real, torch.tensor(labels), torch.Generator().manual_seed(0), 0, 0.0)


REAL = torch.tensor([[0.0, log(3)], [log(2), 0.0], [5.0, -5.0], [1.0, 1.0]])


def test_the_score_is_the_log_sum_exp_of_the_class_logits():
    # log(1 + 3), log(2 + 1).
    assert_close(game().logits(REAL[:2]), torch.tensor([log(4), log(3)]))


def test_supervised_term_by_hand():
    """Softmax of (0, log 3) is (1/4, 3/4), of (log 2, 0) is (2/3, 1/3)."""
    terms = game().discriminator_terms(batch(REAL, [1, 1, -1, -1])).minimise
    assert_close(terms["supervised"], torch.tensor((log(4 / 3) + log(3)) / 2))


def test_hidden_rows_have_no_part_in_the_supervised_term():
    played = game()
    none = played.discriminator_terms(batch(REAL, [-1] * 4)).minimise["supervised"]
    assert_close(none, torch.tensor(0.0))
    assert_close(torch.autograd.grad(none, played.discriminator.head.weight)[0], torch.zeros(2, 2))
    moved = REAL.clone()
    moved[2:] += 7
    here, there = (
        game().discriminator_terms(batch(rows, [0, 1, -1, -1])).minimise["supervised"] for rows in (REAL, moved)
    )
    assert_close(here, there, atol=0, rtol=0)


def test_labelled_samples_have_no_part_in_the_logits_of_reals():
    watched = game().discriminator_terms(batch(REAL, [0, 1, -1, -1])).watch["logit_real"]
    # log(e^5 + e^-5) and log(2 e).
    expected = torch.tensor([[5.0, -5.0], [1.0, 1.0]]).logsumexp(1).mean()
    assert_close(watched, expected)


def test_feature_matching():
    real, fake = torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([[2.0, 0.0]])
    assert_close(feature_distance(real, fake), torch.tensor(0.0))
    assert_close(feature_distance(real, fake + torch.tensor([3.0, 4.0])), torch.tensor(25.0))


def test_it_classifies():
    assert isinstance(game(), Classifies)


def test_labels_are_balanced_and_follow_their_seed():
    labels = np.repeat(np.arange(3), [50, 20, 5])
    kept = rows_with_label(labels, 3, 11, seed=0)
    assert np.bincount(labels[kept]).tolist() == [4, 4, 3]
    assert len(set(kept.tolist())) == 11
    assert np.array_equal(kept, rows_with_label(labels, 3, 11, seed=0))
    assert not np.array_equal(kept, rows_with_label(labels, 3, 11, seed=1))


@pytest.mark.parametrize(
    ("count", "reason"), [(2, "the 3 classes needs at least one"), (18, "6 labelled images of class 2, which has 5")]
)
def test_impossible_counts_are_refused(count, reason):
    with pytest.raises(UserError, match=reason):
        rows_with_label(np.repeat(np.arange(3), [50, 20, 5]), 3, count, seed=0)


def test_a_source_with_few_labels_keeps_the_contract():
    check_source(Digits(size=16, labels=20))


def test_training_sees_the_kept_labels_only():
    dataset = Digits(size=16, labels=20).open(silent)
    seen = [dataset.batch(100, seed=0, position=p, device=torch.device("cpu")) for p in range(40)]
    images, labels = torch.cat([b[0] for b in seen]), torch.cat([b[1] for b in seen])
    distinct = torch.unique(images[labels >= 0], dim=0)
    assert len(distinct) == 20
    assert_close((labels >= 0).float().mean(), torch.tensor(0.5 + 0.5 * 20 / 1797), atol=0.01, rtol=0)
    hidden_in_reference = dataset.reference(2000, seed=0)[1]
    assert hidden_in_reference is not None
    assert hidden_in_reference.min() == 0, "measuring knows every label"


def test_hidden_labels_do_not_change_training():
    """Two data sets that differ in nothing but the hidden labels train to the same parameters, bit for bit."""
    dataset = Digits(size=16).open(silent)
    labels = dataset.labels
    assert labels is not None
    labelled = rows_with_label(labels, 10, 20, seed=0)
    other = np.random.default_rng(0).integers(0, 10, len(labels))
    other[labelled] = labels[labelled]
    assert not np.array_equal(labels, other)
    tables = [
        ImageTable(dataset.pixels.numpy(), values, dataset.class_names, content_hash="x", labelled=labelled)
        for values in (labels, other)
    ]
    results = []
    for table in tables:
        torch.manual_seed(0)
        trainer = Trainer(semi_supervised(table.form, batch_size=20), table, seed=0, precision=FP32)
        for _ in range(3):
            trainer.play()
        results.append(trainer.game.state_dict())
    assert_close(results[0], results[1], atol=0, rtol=0)


def test_other_recipes_refuse_hidden_labels():
    form = Digits(size=16, labels=20).open(silent).form
    with pytest.raises(UserError, match="no term for images without a label"):
        dcgan(form)
    dcgan(replace(form, num_labelled=None))
