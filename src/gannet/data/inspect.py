"""``gannet data info`` describes data; ``gannet data check`` reports problems of the files."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from PIL import Image

from gannet.data.base import Dataset, Description, Progress
from gannet.data.caption_files import NAMES as CAPTION_FILES
from gannet.data.caption_files import captions_of
from gannet.data.decode import BadImage, is_see_through, is_sixteen_bit, opened, orientation, upright
from gannet.data.image_source import ImageSource
from gannet.data.listing import Listing, listing
from gannet.data.resolve import source_for
from gannet.data.undecoded_images import for_every
from gannet.discovery import find
from gannet.errors import UserError


@dataclass(frozen=True)
class Finding:
    """One problem of one file."""

    path: str
    """Relative to the checked path."""
    problem: str
    fatal: bool
    """True if training refuses the file; else training uses it as ``problem`` describes."""


@dataclass(frozen=True)
class _Report:
    digest: str | None
    findings: list[Finding]


def describe(dataset: Dataset, name: str) -> Description:
    """Collect what ``gannet data info`` prints.

    Args:
        dataset: the opened data.
        name: name of the source, or the argument DATA.
    """
    counts = dataset.class_counts or [None] * dataset.num_classes
    classes: dict[str, int | None] = dict(zip(dataset.class_names, counts, strict=True))
    return Description(
        name,
        dataset.kind,
        dataset.shape,
        dataset.size,
        classes,
        dataset.content_hash,
        len(dataset.vocabulary),
        dataset.example_captions,
        dataset.notes,
    )


def check(path: str | Path, progress: Progress) -> list[Finding]:
    """Decode everything at ``path`` and report each damaged or unusual file, ordered by name.

    Folders and zip files are checked file by file; for other formats, only the first problem is reported.

    Raises:
        UserError: ``path`` holds nothing that can be checked.
    """
    text = str(path) if Path(path).is_absolute() else f"./{path}"
    try:
        name, fields = source_for(text)
    except UserError as error:
        if Path(path).is_file():
            return _refused(path, error)
        raise UserError(f"{path} does not exist; give a folder, or a .zip, .csv, .npz or .parquet file.") from None
    if name in ("folder", "captioned-folder"):
        try:
            found = listing(Path(path))
            return _check_files(found, progress) + (_check_captions(found) if name == "captioned-folder" else [])
        except UserError as error:
            return _refused(path, error)
    findings = _check_whole(path, name, fields, progress)
    return (
        _check_shards(find("data", name).load()(**fields), progress) if name == "shards" and not findings else findings
    )


def _check_whole(path: str | Path, name: str, fields: dict[str, str], progress: Progress) -> list[Finding]:
    try:
        find("data", name).load()(**fields).open(progress)
    except UserError as error:
        return _refused(path, error)
    return []


def _check_shards(source: ImageSource, progress: Progress) -> list[Finding]:
    """Images of shards that cannot be decoded, or whose bytes have changed."""
    images = source.read(progress)
    _, problems = for_every(len(images), lambda row: images.image(row).size, "checking images", progress)
    return [Finding(images.name(row), problem, fatal=True) for row, problem in problems]


def _check_captions(found: Listing) -> list[Finding]:
    try:
        captions_of(found)
    except UserError as error:
        return _refused(found.origin, error)
    return []


def _refused(path: str | Path, error: UserError) -> list[Finding]:
    """The problems of one path, without the path that a sentence begins with."""
    names = {str(path), f"./{path}", str(Path(path).absolute())}
    found = []
    for problem in error.problems:
        name = next((name for name in names if problem.startswith((f"{name}: ", f"{name}, ", f"{name} "))), "")
        found.append(Finding(str(path), problem.removeprefix(name).lstrip(":, "), fatal=True))
    return found


def _check_files(found: Listing, progress: Progress) -> list[Finding]:
    names = found.images
    reports, unreadable = for_every(len(names), lambda row: _report(found, names[row]), "checking images", progress)
    findings = [finding for report in reports for finding in report.findings]
    findings += [Finding(names[row], problem, fatal=True) for row, problem in unreadable]
    findings += _duplicates([(f, r.digest) for f, r in zip(_readable(names, unreadable), reports, strict=True)])
    findings += [
        Finding(name, "the name does not end like an image; ignored", fatal=False)
        for name in found.others
        if name.rpartition("/")[2] not in CAPTION_FILES
    ]
    if not names:
        findings.append(Finding(str(found.origin), "contains no images", fatal=True))
    return sorted(findings, key=lambda finding: (finding.path, not finding.fatal, finding.problem))


def _readable(names: tuple[str, ...], unreadable: list[tuple[int, str]]) -> list[str]:
    bad = {row for row, _ in unreadable}
    return [name for row, name in enumerate(names) if row not in bad]


def _report(found: Listing, name: str) -> _Report:
    blob = found.read(name)
    try:
        image = opened(blob)
        odd = [Finding(name, problem, fatal=False) for problem in _oddities(image)]
        upright(blob)
    except BadImage as problem:
        return _Report(None, [Finding(name, str(problem), fatal=True)])
    return _Report(blake2b(blob, digest_size=16).hexdigest(), odd)


def _oddities(image: Image.Image) -> list[str]:
    found = {
        "CMYK; its colours are converted to RGB": image.mode == "CMYK",
        "16-bit; reduced to 8 bits": is_sixteen_bit(image),
        "palette; its colours are looked up": image.mode in {"P", "PA"},
        "alpha; transparent parts become white": is_see_through(image),
        "EXIF-rotated; rotated upright": orientation(image) != 1,
        "animated; only the first frame is used": getattr(image, "n_frames", 1) > 1,
    }
    return [problem for problem, is_so in found.items() if is_so]


def _duplicates(digests: list[tuple[str, str | None]]) -> list[Finding]:
    first: dict[str, str] = {}
    findings = []
    for name, value in digests:
        if value is None:
            continue
        if value in first:
            findings.append(Finding(name, f"exact duplicate of {first[value]}", fatal=False))
        first.setdefault(value, name)
    return findings
