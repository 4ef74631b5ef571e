"""Training: a ModelSpec becomes a TrainedModel, with the numbers of `Model.fit` and without its overhead."""
