// SPDX-License-Identifier: MIT
// 16 inputs of the model 'linear' and what TFLM answers to them on a computer, byte for byte.
// The firmware runs them at start: a library or a chip that computes anything else is found before it does harm.
// Generated for the model of SHA-256 fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108; do not edit.
#ifndef LINEAR_GOLDEN_H
#define LINEAR_GOLDEN_H

#include <stdint.h>

namespace linear_model {

constexpr int kGoldenCount = 16;

// One row a vector; a row holds all values of all tensors, one tensor after another.
const int8_t kGoldenInputs[kGoldenCount][1] = {
    {-42},
    {-35},
    {-17},
    {-91},
    {-44},
    {-11},
    {-111},
    {-62},
    {99},
    {-105},
    {-102},
    {-107},
    {92},
    {-67},
    {-38},
    {-25},
};

const int8_t kGoldenOutputs[kGoldenCount][1] = {
    {-45},
    {-87},
    {-28},
    {48},
    {-14},
    {-65},
    {-98},
    {-112},
    {-3},
    {-79},
    {21},
    {45},
    {-31},
    {0},
    {-114},
    {12},
};

}  // namespace linear_model

#endif
