"""Program -> text: model.c, model_weights.h, model.h, and the kernels that they include."""
