"""What others compute, with random weights and in our own words: for speed, never for scores."""
