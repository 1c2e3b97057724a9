"""What scripts, benchmarks and tests of this repository share; not in the wheel."""
