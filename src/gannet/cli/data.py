"""``gannet data``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.train import Keys
from gannet.errors import UserError, counted, one_line

MOST_CLASSES_LISTED = 100
SHOWN_CAPTIONS = 3
LOOKED_AT = 100_000
"""Samples that are searched for equal ones."""
LOOKED_AT_BYTES = 2**28
"""Of images in memory at once."""
FILES_LOOKED_AT = 2000
"""Files whose size is read."""

app = typer.Typer(
    help="Inspect data: info DATA, check PATH, prepare DATA, cache.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("info")
def info(
    data: Annotated[str, typer.Argument(metavar="DATA")],
    keys: Keys = None,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="sheet.png", help="Also draw a contact sheet with all classes.")
    ] = None,
) -> int:
    """Show shape, classes, duplicates and sizes of DATA."""
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.config.plan import source_from_keys
    from gannet.data.inspect import describe
    from gannet.reports.data_sheet import duplicates, save_data_sheet, sizes

    if out is not None and out.suffix != ".png":
        raise UserError(f"-o {out}: write the contact sheet to a file that ends in .png.")
    given = parse_keys(keys or [])
    name, source = source_from_keys(data, given)
    with TerminalReporter() as reporter:
        dataset = source.open(reporter.work)
        description = describe(dataset, name)
    print(f"source   {one_line(description.source)}")
    print(f"kind     {description.kind}")
    print(f"shape    {' x '.join(map(str, description.shape))}")
    print(f"samples  {'unlimited' if description.rows is None else f'{description.rows:,}'}")
    print(f"hash     {description.content_hash}")
    if found := sizes(_files(data)):
        first = f" (the first {FILES_LOOKED_AT:,} files)" if (description.rows or 0) > FILES_LOOKED_AT else ""
        print(f"files    {found}{first}")
    most = min(LOOKED_AT, max(1, LOOKED_AT_BYTES // math.prod(description.shape)))
    samples, labels = dataset.reference(min(description.rows or LOOKED_AT, most), seed=0)
    if description.rows is not None:
        looked = "" if len(samples) == description.rows else f" among {len(samples):,} samples"
        equal = duplicates(samples)
        print(f"equal    {counted(equal, 'sample')} equal{'s' if equal == 1 else ''} another one exactly{looked}")
    inputs = dataset.reference_inputs(len(samples), seed=0)
    if inputs is not None:
        shape = " x ".join(map(str, description.shape))
        print(f"inputs   an image of {shape} for each sample, from {one_line(given['data.inputs'])}")
    if description.captions:
        print(
            f"captions {description.num_words:,} different words, for example: "
            f"{one_line('; '.join(description.captions[:SHOWN_CAPTIONS]))}"
        )
    for note in description.notes:
        print(f"note     {one_line(note)}")
    _print_classes(description.classes)
    if out is not None:
        count = "" if description.rows is None else f", {description.rows:,} samples"
        save_data_sheet(out, samples, labels, description.classes, f"{Path(data).name}{count}", inputs=inputs)
        print(f"wrote {one_line(str(out))}")
    return 0


def _print_classes(classes: dict[str, int | None]) -> None:
    from gannet.reports.data_sheet import balance

    if found := balance(classes):
        print(f"balance  {found}")
    names = list(classes)
    if len(names) > MOST_CLASSES_LISTED:
        print(f"classes  {len(names):,}, {one_line(f'{names[0]} to {names[-1]}')}")
        return
    for name, rows in classes.items():
        print(f"class    {one_line(name)}" + ("" if rows is None else f"  {rows:,}"))


def _files(data: str) -> Iterator[bytes]:
    """The first image files of a folder or archive; none of other data."""
    from gannet.data.listing import listing

    try:
        found = listing(Path(data))
    except UserError:
        return
    for name in found.images[:FILES_LOOKED_AT]:
        yield found.read(name)


@app.command("check")
def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder or zip of images, or an IDX folder.")],
) -> int:
    """Decode all files under PATH and report damaged ones.

    The exit status is 2 if any file is damaged.
    """
    from gannet.cli.progress import TerminalReporter
    from gannet.data.inspect import check as check_path

    with TerminalReporter() as reporter:
        findings = check_path(path, reporter.work)
    for finding in findings:
        print(f"{'damaged' if finding.fatal else 'note'}  {one_line(f'{finding.path}: {finding.problem}')}")
    damaged = sum(finding.fatal for finding in findings)
    print(f"{damaged} damaged, {len(findings) - damaged} notes.")
    return 2 if damaged else 0


@app.command("prepare")
def prepare(
    data: Annotated[str, typer.Argument(metavar="DATA")],
    keys: Keys = None,
    out: Annotated[
        Path, typer.Option("-o", metavar="SHARDS", show_default=False, help="The folder to write.")
    ] = Path(),
    shard_mb: Annotated[float, typer.Option(min=0.001, max=1e6, help="Size of a shard in MB.")] = 64.0,
) -> int:
    """Write images as shards, for sets larger than memory.

    SHARDS then holds WebDataset tar files of PNG images and class numbers, an index and a manifest with hashes; it is
    DATA for the other commands. The held-out split is written too. A repeated command continues.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.config.plan import source_from_keys
    from gannet.data.shard_writing import prepare as write

    if out == Path():
        raise UserError("Name the folder to write with -o SHARDS.")
    _, source = source_from_keys(data, parse_keys(keys or []))
    with TerminalReporter() as reporter:
        prepared = write(source, out, shard_bytes=round(shard_mb * 1e6), progress=reporter.work)
    manifest = prepared.manifest
    print(f"{out} is complete; {prepared.num_written} of {len(manifest.shards)} shards are new.")
    for split in dict.fromkeys(shard.split for shard in manifest.shards):
        shards = [shard for shard in manifest.shards if shard.split == split]
        print(
            f"{split:8} {sum(shard.samples for shard in shards):,} images of {manifest.channels} x {manifest.height} x "
            f"{manifest.width} in {len(shards)} shards, {sum(shard.bytes for shard in shards) / 1e6:,.1f} MB"
        )
    for note in manifest.notes:
        print(f"note     {one_line(note)}")
    return 0


@app.command("cache")
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete all decoded images.")] = False,
) -> int:
    """Show the cache of decoded images, or empty it.

    Decoded images are made again when they are needed, so deleting them loses nothing. The cache is kept below
    GANNET_CACHE_GB (20 by default): images that were not used for longest are deleted.
    """
    from gannet.data import cache_folder

    if clear:
        print(f"deleted  {cache_folder.clear() / 1e6:,.1f} MB")
    found = cache_folder.contents()
    print(f"folder   {found.folder}")
    print(f"sets     {found.num_tables:,} of decoded images")
    print(f"size     {found.num_bytes / 1e6:,.1f} MB of at most {found.limit_bytes / 1e6:,.0f} MB (GANNET_CACHE_GB)")
    return 0
