"""Attempts to make the software fail, one module per subject, run by `python -m benchmarks.abuse`.

A module of this folder is a subject if it has a `TITLE` and `trials(scale, seed)`, which gives a
`Trial` for each kind of thing to try: `scale` 1 is the whole campaign. Tests run the same in small.
"""
