"""The score: estimator, features, the model fitted from the evidence tables, evaluation and model files."""
