"""One file a format: what its header says, how it is decoded at its own depth, how in parts.

`msds.images.formats.decode` chooses among them; each takes a `SourceFile` and gives a `Decoded`.
"""
