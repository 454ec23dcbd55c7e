"""Targets for atheris, which looks for inputs that reach lines of the package not reached before.

`python -m benchmarks.abuse.fuzz TARGET` runs one; `targets` says what each must never do.
"""
