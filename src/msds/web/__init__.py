"""The page to drop images on, and the JSON API under it; `msds serve` starts them.

A request passes `guard` (host, token, size, how many wait), `uploads` (its parts, in memory), one
of the `workers` (processes that decode, within limits of time and memory), and the `studio` (the
one thread that runs the model, in batches); `service` leads it through, `routes` gives the answer.
"""
