"""What results look like: tables, figures, and self-contained pages of HTML.

Nothing here knows what is reported: studies and runs hand in sections that own their tables.
"""
