"""What each study shows: sections that own their tables and figures, one file a study."""
