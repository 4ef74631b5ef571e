/* Between real numbers and the stored int8, at a model's edges. C and C++. */
#ifndef KERNELS_QUANTIZE_H
#define KERNELS_QUANTIZE_H

#include <stdint.h>

/* real / scale + zero_point, rounded to the nearest step, a half away from zero, saturated. NaN becomes -128. */
static inline int8_t quantize_s8(float real, float scale, int16_t zero_point)
{
    const float steps = real / scale;

    if (!(steps > (float)(-129 - zero_point))) {
        return -128;
    }
    if (steps >= (float)(127 - zero_point)) {
        return 127;
    }

    /* The remainder is exact; adding 0.5 before truncating would round 0.49999997 up. */
    int16_t whole = (int16_t)steps;
    const float remainder = steps - (float)whole;
    if (remainder >= 0.5f) {
        whole = (int16_t)(whole + 1);
    } else if (remainder <= -0.5f) {
        whole = (int16_t)(whole - 1);
    }
    whole = (int16_t)(whole + zero_point);
    return (int8_t)(whole < -128 ? -128 : whole);
}

static inline float dequantize_s8(int8_t stored, float scale, int16_t zero_point)
{
    return scale * (float)(stored - zero_point);
}

#endif
