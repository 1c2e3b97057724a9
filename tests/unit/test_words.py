"""No file contains a word in the sense that the glossary retired. Where the word also has a current meaning, the
pattern or the context below tells the two apart.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RETIRED = {
    # Data.
    r"\b(generated|real|labelled|few|common|training|test|held-out|grey|blurred|constant) pictures?\b": "image",
    r"\bpictures of (digits|the data|the same)\b": "images",
    r"\bbatch(es)? of [\w, ]*rows\b": "samples",
    r"\b(detached|independent|generated|real|fake|trained) rows\b": "samples",
    r"\b(outside|inside) (samples?|representation|units|values)\b": "in original units",
    r"\b(inside|outside) = .*\b(encode|decode|sample)": "normalised, original",
    r"\bunseen\b": "held out",
    r"\bkept (from|for) (training|testing)\b": "held out",
    # Discriminators and players.
    r"\braw scores?\b": "logits",
    r"\b(score_(real|fake)|relative_scores|score_?function|scorer)\b": "logits",
    r"\b(game|self|discriminator)\.score\(": "logits",
    r"\b(discriminator|critic|d)('s)? scores?\b": "logits",
    r"\bscores? of (the )?(real|generated|fake|sample|point|discriminator)s?\b": "logits",
    r"\b(network|generator|discriminator|player|game)('s)? weights\b": "parameters",
    r"\b(equal|same|initial|trainable|trained) weights, bit\b": "parameters",
    r"\btrainer\.rates\b": "optimizer_settings",
    r"\brates of learning\b": "learning rates",
    r"\btwins?\b": "EMA",
    r"\baveraged (generators?|weights|game)\b": "EMA generator",
    r"\bfollow(s|ed|ing)? (no |its |the )?labels?\b": "class-conditional",
    r"\basked (digit|class|label)": "requested class",
    r"\b(class|digit|label|classes|digits) (that|which) (\w+ ){0,3}asked for\b": "requested class",
    # Measuring.
    r"\bfloors?\b": "real-data reference",
    r"\b(mean|median) and deviation\b": "standard deviation",
    r"\b(sample|its own|their|the data's) deviations?\b": "standard deviation",
    r"\b(un)?usual (ones|metrics?)\b": "default metrics",
    r"\bnamed metrics\b": "opt-in metrics",
    r"\bdear(er|est|ly)?\b": "opt-in, expensive",
    r"\bhealth looks?\b": "health check",
    # Runs.
    r"\banew\b": "again",
    r"\b(goes|go|going|went) on\b": "continues",
    # Sentences.
    r"\bbeside\b": "next to",
    r"\bbut for\b": "except",
    r"\bof (its|their|his|our) own\b": "separate",
    r"\bso many\b": "N",
    r"\bsaid of\b": "called",
    r"\bin place of\b": "instead of",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\btold\b": "reported",
    r"\bbrought\b": "user-supplied",
    r"\bcannot be had\b": "not available",
    r"\bwhere there (is|are) none\b": "if any",
    r"\bwhatever becomes\b": "that outlives",
    r"\b(is|are) no (recipe|run|key|loss|metric|number|game|image|picture|reason|error)\b": "is not",
}
"""Pattern of lower-case text -> what to write instead."""
STEMS = re.compile(
    r"picture|[a-z] rows|outside|inside|unseen|kept (from|for)|score|s? weights|trainer\.|rates of|twin|averaged|follow"
    r"|asked|floor|deviation|usual|named metrics|dear|health look|anew|(goes|go|going|went)[ _]on|beside|but[ _]for"
    r"|(its|their|his|our)[ _]own|so[ _]many|said[ _]of|place[ _]of|mend|told|brought|be[ _]had|[ _]none|whatever"
    r"|(is|are)[ _]no[ _]"
)
"""In every line that a pattern can match; most lines are passed over with one search."""
ALLOWED = {
    r"\b(score_(real|fake)|relative_scores|score_?function|scorer)\b": r"earlier versions write|arrays\.pop",
    r"\b(is|are) no (recipe|run|key|loss|metric|number|game|image|picture|reason|error)\b": r"\bthere (is|are) no\b",
    r"\bfloors?\b": r"(np|math|place|torch)\.floor\(|floor\(\)|`floor`|\"floor\"",
}
"""Pattern -> context in which it is plain English, code, or a field of an old version of the format."""
QUOTED = {
    "metrics/modes.py": "every picture, most likely class",
    "metrics/ms_ssim.py": "pairs of common pictures",
    "metrics/reconstruction.py": "pictures in [0, 1]",
    "features/user_weights.py": "mean and deviation of ImageNet",
}
"""Text in the fingerprint of score cards: with other words, old and new cards could not be compared."""
FILES = [
    path
    for folder in ("src", "tests", "docs", "examples", "scripts", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".js", ".md", ".css", ".html")
    and not {"node_modules", "old_run", "old_run_2"} & set(path.parts)
    and path not in (Path(__file__), ROOT / "src/gannet/runs/term_names.py", ROOT / "tests/unit/test_runs_version_2.py")
] + [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "Makefile")]


def retired_in(text: str, quoted: str = "\n") -> list[str]:
    """``line number: phrase (write: ...)`` for each retired phrase; names of tests are read as words."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        lowered = line.lower()
        if not STEMS.search(lowered) or quoted in line:
            continue
        name = lowered.partition("def test_")[2].replace("_", " ")
        found += [
            f"{number}: {hit[0]!r} (write: {instead})"
            for pattern, instead in RETIRED.items()
            if (hit := re.search(pattern, lowered) or re.search(pattern, name))
            and not re.search(ALLOWED.get(pattern, "(?!)"), lowered)
        ]
    return found


def test_no_retired_phrase():
    found = [
        f"{path.relative_to(ROOT)}:{hit}"
        for path in FILES
        for hit in retired_in(path.read_text(encoding="utf-8"), QUOTED.get(f"{path.parent.name}/{path.name}", "\n"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", QUOTED)
def test_what_is_quoted_is_there(path):
    assert QUOTED[path] in (ROOT / "src" / "gannet" / path).read_text(encoding="utf-8")


WRONG = """It goes on.
a process of its own
'x' is no recipe for points
the averaged generator
generated pictures look alike
a game that follows labels
def test_a_file_is_read_anew(run):
sliced_w / floor
the discriminator's scores
a generator's weights
the mean and deviation
points in outside units
unseen images"""
RIGHT = """There is no run here, and training continues on the next line.
np.floor(x)
the picture of points
a row of the table
the weights of the mixture
a score card
standard deviation
tried again
images are kept"""


@pytest.mark.parametrize("line", WRONG.splitlines())
def test_a_retired_phrase_is_found(line):
    assert retired_in(line)


@pytest.mark.parametrize("line", RIGHT.splitlines())
def test_plain_english_is_not_found(line):
    assert not retired_in(line)
