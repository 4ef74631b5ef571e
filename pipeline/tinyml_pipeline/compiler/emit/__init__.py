"""Program -> text: NAME.h, NAME.c, NAME_weights.h, and the kernels that they include."""
