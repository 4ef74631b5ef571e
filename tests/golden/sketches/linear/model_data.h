// SPDX-License-Identifier: MIT
// The int8 model 'linear' as a C array: y = 2x - 1 from six points: one neuron, gradient descent
// Generated from a .tflite file of 64 bytes; do not edit.
// SHA-256 fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108
#ifndef LINEAR_MODEL_DATA_H
#define LINEAR_MODEL_DATA_H

extern const unsigned char linear_model_data[];
extern const unsigned int linear_model_data_len;

#endif
