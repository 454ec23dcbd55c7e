"""How the compact trunk was made: distortions, teacher, pools of examples, training, evaluation."""
