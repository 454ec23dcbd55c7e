"""The study bench: rated data sets, statistics, significance, learned weights, experiments."""
